package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesRejectedException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.ref.WeakReference;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The loops of one job, by the identity of their targets. Guarded by the scraper's lock.
 *
 * <p>All targets that have the same label names share one dictionary of series: engines of one kind expose the same
 * series, so a thousand of them cost the memory of one and a list of numbers each.
 */
final class JobLoops {
    private static final Logger LOG = System.getLogger(Scraper.LOGGER);

    private final ScrapeJob job;
    private final Labels externalLabels;
    private final String hostName;
    private final Fetcher fetcher;
    private final ScrapeContext context;
    /** Weak: a dictionary that was some targets' own goes with the last of their parsers. */
    private final Map<Object, WeakReference<SeriesDictionary>> dictionaries = new HashMap<>();

    private int sweepDictionariesAt = 16;
    private final Map<String, ScrapeLoop> active = new LinkedHashMap<>();
    /** To notice targets that differ only in what is fetched. */
    private final Map<Labels, ScrapeLoop> byLabels = new HashMap<>();

    /** Removed ones whose stale markers are still to come. */
    private final List<ScrapeLoop> ending = new ArrayList<>();

    private final List<ScrapeLoop> notStarted = new ArrayList<>();
    /** Those that relabeling dropped, for the status. */
    private final Set<Target> dropped = new LinkedHashSet<>();

    /** Read by loops without the lock. */
    private volatile @Nullable ScrapeFailure tooManyTargets;

    JobLoops(ScrapeJob job, Labels externalLabels, String hostName, Fetcher fetcher, ScrapeContext context) {
        this.job = job;
        this.externalLabels = externalLabels;
        this.hostName = hostName;
        this.fetcher = fetcher;
        this.context = context;
    }

    /** What became of a target that was to be added. */
    enum Outcome {
        ADDED,
        PRESENT,
        DROPPED
    }

    Outcome add(Target target) {
        ActiveTarget resolved = ActiveTarget.of(job, target, hostName);
        if (resolved == null) {
            dropped.add(target);
            return Outcome.DROPPED;
        }
        String identity = resolved.identity();
        if (active.containsKey(identity)) {
            return Outcome.PRESENT;
        }
        ScrapeLoop known = returning(identity);
        ScrapeLoop loop = known != null ? known : newLoop(resolved, identity);
        active.put(identity, loop);
        warnOfSameLabels(loop);
        if (known == null) {
            notStarted.add(loop);
        }
        checkTargetLimit();
        return Outcome.ADDED;
    }

    /** False if there is no such target. */
    boolean remove(Target target) {
        ActiveTarget resolved = ActiveTarget.of(job, target, hostName);
        if (resolved == null) {
            return dropped.remove(target);
        }
        ScrapeLoop loop = active.remove(resolved.identity());
        if (loop == null) {
            return false;
        }
        byLabels.remove(loop.target().labels(), loop);
        if (!notStarted.remove(loop)) {
            ending.removeIf(ScrapeLoop::hasEnded);
            ending.add(loop);
            loop.remove();
        }
        checkTargetLimit();
        return true;
    }

    /** Those that relabeling dropped. */
    List<Target> dropped() {
        return new ArrayList<>(dropped);
    }

    /** A target of another job writes the series with these labels from now on. */
    void forgo(Labels common) {
        for (ScrapeLoop loop : ending) {
            if (loop.commonLabels().equals(common)) {
                loop.forgo();
            }
        }
        ending.removeIf(ScrapeLoop::hasEnded);
    }

    /** The labels that the series of an active target get, external ones included. */
    Labels commonLabels(Target target) {
        ActiveTarget resolved = Objects.requireNonNull(ActiveTarget.of(job, target, hostName));
        return resolved.labels().withDefaults(externalLabels);
    }

    /** Starts the loops that are not running yet. */
    void start() {
        notStarted.forEach(ScrapeLoop::start);
        notStarted.clear();
    }

    List<ScrapeLoop> loops() {
        return new ArrayList<>(active.values());
    }

    void stop(boolean markStale) {
        active.values().forEach(loop -> loop.stop(markStale));
        ending.forEach(loop -> loop.stop(markStale));
    }

    void close() {
        fetcher.close();
    }

    void logStart() {
        LOG.log(
                Level.INFO,
                () -> "job " + job.name() + ": scraping " + active.size() + " targets every "
                        + PrometheusDuration.format(job.interval()) + ", timeout "
                        + PrometheusDuration.format(job.timeout()));
        for (ScrapeLoop loop : active.values()) {
            ActiveTarget target = loop.target();
            String instance = target.labels().get("instance");
            if (target.target().labels().get("instance") == null
                    && !target.target().address().equals(instance)) {
                LOG.log(
                        Level.INFO,
                        () -> "job " + job.name() + ": target "
                                + target.target().address()
                                + " is on this host and gets instance=\"" + instance
                                + "\", so that replicas differ; instanceFromHostName(false) keeps the address");
            }
        }
    }

    private @Nullable ScrapeLoop returning(String identity) {
        for (ScrapeLoop loop : ending) {
            if (loop.identity().equals(identity) && loop.returns()) {
                ending.remove(loop);
                return loop;
            }
        }
        return null;
    }

    private ScrapeLoop newLoop(ActiveTarget target, String identity) {
        Labels common = target.labels().withDefaults(externalLabels);
        ExpositionParser parser = inherited(common);
        if (parser == null) {
            parser = new ExpositionParser(dictionary(target.labels()), job.parsing());
        }
        Fetcher.Request request =
                new Fetcher.Request(target.fetchUri(), headers(job, target.timeout()), job.bodySizeLimit());
        ScrapeFailure ownFault = labelFault(target.labels());
        return new ScrapeLoop(
                target,
                identity,
                common,
                fetcher,
                request,
                parser,
                () -> ownFault != null ? ownFault : tooManyTargets,
                context);
    }

    private SeriesDictionary dictionary(Labels targetLabels) {
        Object key = TargetLabels.sharedBy(job, targetLabels);
        WeakReference<SeriesDictionary> known = dictionaries.get(key);
        SeriesDictionary dictionary = known == null ? null : known.get();
        if (dictionary == null) {
            dictionary = new SeriesDictionary(new TargetLabels(job, targetLabels, externalLabels));
            dictionaries.put(key, new WeakReference<>(dictionary));
            if (dictionaries.size() > sweepDictionariesAt) {
                dictionaries.values().removeIf(reference -> reference.refersTo(null));
                sweepDictionariesAt = 2 * dictionaries.size() + 16;
            }
        }
        return dictionary;
    }

    /** All series of the target have its labels, so one of them over a limit fails each scrape: without a request. */
    private @Nullable ScrapeFailure labelFault(Labels targetLabels) {
        try {
            TargetLabels.checkLengths(job, targetLabels);
            return null;
        } catch (SeriesRejectedException e) {
            return ScrapeFailure.of(ScrapeFailure.Kind.LIMIT, "labels of the target: " + e.getMessage());
        }
    }

    /** As in Prometheus, every target of the job fails, so that nobody overlooks it. */
    private void checkTargetLimit() {
        int limit = job.targetLimit();
        tooManyTargets = limit == 0 || active.size() <= limit
                ? null
                : ScrapeFailure.of(
                        ScrapeFailure.Kind.TARGET,
                        "job " + job.name() + " has " + active.size() + " targets, more than its target limit " + limit
                                + ": raise it or drop targets by relabeling");
    }

    /** From a removed target with the same labels: its series live on here, so those that do not must be marked here. */
    private @Nullable ExpositionParser inherited(Labels common) {
        for (ScrapeLoop loop : ending) {
            if (loop.commonLabels().equals(common)) {
                ending.remove(loop);
                ExpositionParser parser = loop.surrenderParser();
                if (parser == null) {
                    loop.forgo();
                }
                return parser;
            }
        }
        return null;
    }

    private void warnOfSameLabels(ScrapeLoop added) {
        ScrapeLoop other = byLabels.putIfAbsent(added.target().labels(), added);
        if (other != null && other != added) {
            LOG.log(
                    Level.WARNING,
                    () -> "job " + job.name() + ": targets "
                            + ActiveTarget.withoutQuery(added.target().uri()) + " and "
                            + ActiveTarget.withoutQuery(other.target().uri()) + " have the same labels "
                            + added.target().labels()
                            + ": their series get mixed up, give one of them another label");
        }
    }

    private static Map<String, String> headers(ScrapeJob job, Duration timeout) {
        return Map.of(
                "Accept", accept(job.formats()),
                "Accept-Encoding", job.compression() ? "gzip" : "identity",
                "User-Agent", job.userAgent(),
                "X-Prometheus-Scrape-Timeout-Seconds", seconds(timeout));
    }

    /** As Prometheus writes it: weights that fall by a tenth, anything at all as the last resort. */
    static String accept(List<ExpositionFormat> formats) {
        StringBuilder accept = new StringBuilder();
        // Six formats and the last resort: the last weight is never below 0.0.
        int tenths = Math.max(6, formats.size() + 1);
        for (ExpositionFormat format : formats) {
            accept.append(mediaType(format)).append(";q=0.").append(tenths--).append(',');
        }
        return accept.append("*/*;q=0.").append(tenths).toString();
    }

    private static String mediaType(ExpositionFormat format) {
        return switch (format) {
            case TEXT_0_0_4 -> "text/plain;version=0.0.4";
            case TEXT_1_0_0 -> "text/plain;version=1.0.0;escaping=allow-utf-8";
            // Without the escaping, recent Python clients replace characters of names that 0.0.1 allows to be quoted.
            case OPENMETRICS_0_0_1 -> "application/openmetrics-text;version=0.0.1;escaping=allow-utf-8";
            case OPENMETRICS_1_0_0 -> "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8";
            case OPENMETRICS_2_0_0 -> "application/openmetrics-text;version=2.0.0;escaping=allow-utf-8";
            case PROTOBUF ->
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
        };
    }

    /** The shortest decimal, such as 10 or 1.5. */
    static String seconds(Duration timeout) {
        return BigDecimal.valueOf(timeout.toMillis(), 3).stripTrailingZeros().toPlainString();
    }
}
