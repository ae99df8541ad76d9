package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.http.wire.ShownUrl;
import io.github.promferry.parse.AcceptHeader;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesRejectedException;
import io.github.promferry.scrape.discovery.TargetDiscovery;
import io.github.promferry.scrape.discovery.TargetGroup;
import io.github.promferry.scrape.relabel.Relabeler;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.ref.WeakReference;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

    /** First scrapes at once, and how long the next ones wait: a thousand targets take a second. */
    private static final int BURST = 50;

    private static final long BURST_MILLIS = 50;

    private final ScrapeJob job;
    private final Labels externalLabels;
    private final String hostName;
    private final Fetcher fetcher;
    private final ScrapeContext context;
    private final ScrapeCounters counters = new ScrapeCounters();
    /** Weak: a dictionary that was some targets' own goes with the last of their parsers. */
    private final Map<Object, WeakReference<SeriesDictionary>> dictionaries = new HashMap<>();

    private int sweepDictionariesAt = 16;
    private final Map<String, ScrapeLoop> active = new LinkedHashMap<>();
    /** To notice targets that differ only in what is fetched. */
    private final Map<Labels, ScrapeLoop> byLabels = new HashMap<>();

    /** Removed ones whose stale markers are still to come. */
    private final EndingLoops ending = new EndingLoops();

    private final List<ScrapeLoop> notStarted = new ArrayList<>();
    /** Identities of the targets that were given one by one. */
    private final Set<String> byHand = new HashSet<>();

    private final Map<Target, DroppedTarget> droppedByHand = new LinkedHashMap<>();
    /** What each discovery has found last. A target that several have is scraped once, until the last lets it go. */
    private final Map<TargetDiscovery, Found> found = new LinkedHashMap<>();

    /** Read by loops without the lock. */
    private volatile @Nullable ScrapeFailure tooManyTargets;

    JobLoops(ScrapeJob job, Labels externalLabels, String hostName, Fetcher fetcher, ScrapeContext context) {
        this.job = job;
        this.externalLabels = externalLabels;
        this.hostName = hostName;
        this.fetcher = fetcher;
        Relabeler relabeler = job.metricRelabel();
        this.context = relabeler != null && relabeler.mayBlock() ? context.onWorkers() : context;
    }

    /** Works out a target; null if relabeling drops it. Needs no lock: relabeling may be code that takes its time. */
    @Nullable
    ActiveTarget resolve(Target target) {
        return ActiveTarget.of(job, target, hostName);
    }

    /**
     * Adds a target.
     *
     * @param resolved what it was worked out to be
     * @return the common labels of its samples, or null if it is dropped or there already
     */
    @Nullable
    Labels add(Target target, @Nullable ActiveTarget resolved) {
        if (resolved == null) {
            droppedByHand.put(target, DroppedTarget.byRelabeling(job, target));
            return null;
        }
        String identity = resolved.identity();
        byHand.add(identity);
        if (active.containsKey(identity)) {
            return null;
        }
        ScrapeLoop added = activate(resolved, identity);
        checkTargetLimit();
        return added.commonLabels();
    }

    /** False if there is no such target, or it is there by discovery alone. */
    boolean remove(Target target, @Nullable ActiveTarget resolved) {
        if (resolved == null) {
            return droppedByHand.remove(target) != null;
        }
        if (!byHand.remove(resolved.identity())) {
            return false;
        }
        deactivateUnlessHeld(resolved.identity());
        checkTargetLimit();
        return true;
    }

    /**
     * Targets that a discovery has found, worked out.
     *
     * @param targets by identity
     * @param dropped those that are kept to be shown
     * @param droppedCount how many there are in all
     * @param firstFault one of them that relabeling did not drop: it should be scraped but cannot
     */
    record Found(
            Map<String, ActiveTarget> targets,
            List<DroppedTarget> dropped,
            int droppedCount,
            @Nullable DroppedTarget firstFault) {}

    /** Works out what a discovery has found. Needs no lock: relabeling ten thousand targets takes its time. */
    Found resolve(List<TargetGroup> groups) {
        Map<String, ActiveTarget> targets = new LinkedHashMap<>();
        List<DroppedTarget> dropped = new ArrayList<>();
        int droppedCount = 0;
        DroppedTarget firstFault = null;
        for (Target target : targets(groups)) {
            DroppedTarget reason;
            try {
                ActiveTarget resolved = resolve(target);
                if (resolved != null) {
                    targets.putIfAbsent(resolved.identity(), resolved);
                    continue;
                }
                reason = DroppedTarget.byRelabeling(job, target);
            } catch (RuntimeException e) {
                // A label that cannot be understood, or a mistake of the user's relabeling: this target's alone.
                reason = DroppedTarget.of(job, target, e.getMessage() == null ? e.toString() : e.getMessage());
                firstFault = firstFault == null ? reason : firstFault;
            }
            if (droppedCount++ < job.limits().droppedTargets() || job.limits().droppedTargets() == 0) {
                dropped.add(reason);
            }
        }
        return new Found(targets, dropped, droppedCount, firstFault);
    }

    /** A source of this process: a target that is always there and needs no network. */
    void add(ScrapeJob.Source source) {
        Labels.Builder own = Labels.builder();
        Map<String, String> labels = new LinkedHashMap<>(source.labels().toMap());
        labels.putIfAbsent("job", job.name());
        labels.putIfAbsent("instance", hostName);
        labels.forEach(own::add);
        URI uri = URI.create("source:" + active.size());
        ActiveTarget target = new ActiveTarget(
                job, new Target(hostName, source.labels()), own.build(), uri, uri, job.interval(), job.timeout());
        Labels common = target.labels().withDefaults(externalLabels);
        ScrapeFailure ownFault = labelFault(target.labels());
        SampleReader reader = new SourceReader(
                source.source(), new TargetLabels(job, target.labels(), externalLabels), job.effectiveParsing());
        ScrapeLoop loop = new ScrapeLoop(
                target,
                target.identity(),
                Fetcher.NOTHING,
                new Fetcher.Request(uri, Map.of(), job.limits().bodyBytes(), job.timeout()),
                new ScrapeWork(target, common, reader, context),
                new ScrapeRecord(target, counters),
                () -> ownFault,
                context.onWorkers());
        active.put(target.identity(), loop);
        warnOfSameLabels(loop);
        notStarted.add(loop);
    }

    private static List<Target> targets(List<TargetGroup> groups) {
        return groups.stream()
                .flatMap(TargetGroup::targetLabels)
                .map(Target::discovered)
                .toList();
    }

    /** Makes what a discovery has found the truth, and returns the common labels of the targets that are new. */
    List<Labels> update(TargetDiscovery discovery, Found now) {
        Found before = found.put(discovery, now);
        if (before != null) {
            // First, so that a target with another address and the same labels can go on with the series of the old
            // one.
            before.targets.keySet().forEach(this::deactivateUnlessHeld);
        }
        List<Labels> added = new ArrayList<>();
        now.targets.forEach((identity, target) -> {
            ScrapeLoop known = active.get(identity);
            if (known == null) {
                added.add(activate(target, identity).commonLabels());
            } else {
                known.givenAs(target.target());
            }
        });
        checkTargetLimit();
        return added;
    }

    private ScrapeLoop activate(ActiveTarget target, String identity) {
        ScrapeLoop known = returning(identity);
        ScrapeLoop loop = known != null ? known : newLoop(target, identity);
        active.put(identity, loop);
        warnOfSameLabels(loop);
        if (known == null) {
            notStarted.add(loop);
        }
        return loop;
    }

    private void deactivateUnlessHeld(String identity) {
        if (byHand.contains(identity) || found.values().stream().anyMatch(held -> held.targets.containsKey(identity))) {
            return;
        }
        ScrapeLoop loop = active.remove(identity);
        if (loop == null) {
            return;
        }
        byLabels.remove(loop.target().labels(), loop);
        if (!notStarted.remove(loop)) {
            ending.add(loop);
            loop.remove();
        }
    }

    /** Those of them that are kept, see {@link ScrapeLimits#droppedTargets}. */
    List<DroppedTarget> dropped() {
        List<DroppedTarget> all = new ArrayList<>(droppedByHand.values());
        found.values().forEach(each -> all.addAll(each.dropped));
        return all;
    }

    int droppedCount() {
        return droppedByHand.size()
                + found.values().stream().mapToInt(Found::droppedCount).sum();
    }

    ScrapeCounters counters() {
        return counters;
    }

    int activeCount() {
        return active.size();
    }

    /** A target of another job writes the series with these labels from now on. */
    void forgo(Labels common) {
        for (ScrapeLoop loop : ending.withCommonLabels(common)) {
            ending.remove(loop);
            loop.forgo();
        }
    }

    /**
     * Starts the loops that are not running yet. The first scrapes of a large fleet come in bursts, not all in the same
     * millisecond: that would be thousands of connections being made at once.
     */
    void start() {
        int number = 0;
        for (ScrapeLoop loop : notStarted) {
            loop.start(number++ / BURST * BURST_MILLIS);
        }
        notStarted.clear();
    }

    List<ScrapeLoop> loops() {
        return new ArrayList<>(active.values());
    }

    void stop(boolean markStale) {
        active.values().forEach(loop -> loop.stop(markStale));
        ending.all().forEach(loop -> loop.stop(markStale));
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
        for (ScrapeLoop loop : ending.ofIdentity(identity)) {
            if (loop.returns()) {
                ending.remove(loop);
                return loop;
            }
        }
        return null;
    }

    private ScrapeLoop newLoop(ActiveTarget target, String identity) {
        Labels common = target.labels().withDefaults(externalLabels);
        ScrapeLoop.Legacy legacy = inherited(common);
        SampleReader reader = legacy != null
                ? legacy.reader()
                : new SampleReader.OfPages(new ExpositionParser(dictionary(target.labels()), job.effectiveParsing()));
        Fetcher.Request request = new Fetcher.Request(
                target.fetchUri(), headers(target), job.limits().bodyBytes(), target.timeout());
        ScrapeFailure ownFault = labelFault(target.labels());
        ScrapeLoop loop = new ScrapeLoop(
                target,
                identity,
                fetcher,
                request,
                new ScrapeWork(target, common, reader, context),
                new ScrapeRecord(target, counters),
                () -> ownFault != null ? ownFault : tooManyTargets,
                context);
        if (legacy != null) {
            loop.comesAfter(legacy);
        }
        return loop;
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
            TargetLabels.checkNames(job, targetLabels);
            TargetLabels.checkLengths(job, targetLabels);
            return null;
        } catch (SeriesRejectedException e) {
            return ScrapeFailure.of(ScrapeFailure.Kind.LIMIT, "labels of the target: " + e.getMessage());
        }
    }

    /** As in Prometheus, every target of the job fails, so that nobody overlooks it. */
    private void checkTargetLimit() {
        int limit = job.limits().targets();
        tooManyTargets = limit == 0 || active.size() <= limit
                ? null
                : ScrapeFailure.of(
                        ScrapeFailure.Kind.TARGET,
                        "job " + job.name() + " has " + active.size() + " targets, more than its target limit " + limit
                                + ": raise it or drop targets by relabeling");
    }

    /** From a removed target with the same labels: its series live on here, so those that do not must be marked here. */
    private ScrapeLoop.@Nullable Legacy inherited(Labels common) {
        List<ScrapeLoop> before = ending.withCommonLabels(common);
        if (before.isEmpty()) {
            return null;
        }
        ScrapeLoop loop = before.get(0);
        ending.remove(loop);
        ScrapeLoop.Legacy legacy = loop.leave();
        if (legacy == null) {
            loop.forgo();
        }
        return legacy;
    }

    private void warnOfSameLabels(ScrapeLoop added) {
        ScrapeLoop other = byLabels.putIfAbsent(added.target().labels(), added);
        if (other != null && other != added) {
            LOG.log(
                    Level.WARNING,
                    () -> "job " + job.name() + ": targets "
                            + ShownUrl.of(added.target().uri()) + " and "
                            + ShownUrl.of(other.target().uri()) + " have the same labels "
                            + added.target().labels()
                            + ": their series get mixed up, give one of them another label");
        }
    }

    private static Map<String, String> headers(ActiveTarget target) {
        ScrapeJob job = target.job();
        return Map.of(
                "Accept", AcceptHeader.of(job.formats(), job.nameEscaping()),
                "Accept-Encoding", job.compression() && !target.isOnThisHost() ? "gzip" : "identity",
                "User-Agent", job.http().userAgent(),
                "X-Prometheus-Scrape-Timeout-Seconds", seconds(target.timeout()));
    }

    /** The shortest decimal, such as 10 or 1.5. */
    static String seconds(Duration timeout) {
        return BigDecimal.valueOf(timeout.toMillis(), 3).stripTrailingZeros().toPlainString();
    }
}
