package io.github.promferry.scrape.discovery;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionException;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.engine.EngineMatch;
import io.github.promferry.scrape.engine.LlmEngine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks where an engine has its metrics, and now and then whether it is still that engine. Used by one thread.
 *
 * <p>A path is left alone once it has answered with a list in JSON: those are TensorRT-LLM's statistics, and reading them
 * takes them away from whoever needs them. Only when nobody listens any more may it be another program's the next time.
 */
final class EngineProbe {
    private static final Logger LOG = System.getLogger(EngineDiscovery.class.getName());

    private final URI url;
    private final EngineCatalog catalog;
    private final PageRequest request;
    private final @Nullable LlmEngine told;
    private final List<String> paths;
    private final boolean pathGiven;
    /** How many calls of {@link #look} there are from one recheck to the next. */
    private final int steadyPause;

    private final Set<String> leftAlone = new HashSet<>();
    /** Where the metrics are, as far as is known; the first guess is the one that does no harm. */
    private String path;

    private boolean settled;
    private List<EngineMatch> engines = List.of();
    /** Whether the last page told of no engine, though the one before did. */
    private boolean doubted;
    /** Calls until the next recheck. */
    private int due;
    /** Calls until the one after it if that does not make things certain. */
    private int pause = 1;

    private @Nullable String announced;

    /**
     * A probe that has not looked yet.
     *
     * @param told what it is, or null if that is to be found out
     * @param steadyPause how many calls of {@link #look} there are from one recheck to the next
     */
    EngineProbe(URI url, @Nullable LlmEngine told, EngineCatalog catalog, PageRequest request, int steadyPause) {
        this.url = url;
        this.told = told;
        this.catalog = catalog;
        this.request = request;
        this.steadyPause = steadyPause;
        pathGiven = url.getRawPath() != null && url.getRawPath().length() > 1;
        paths = told == null ? catalog.probePaths() : told.paths();
        path = pathGiven ? url.getRawPath() : paths.get(0);
    }

    /** The engine as a target, with what is known by now. */
    TargetGroup group() {
        Labels labels = Labels.of(
                "__scheme__",
                url.getScheme(),
                "__metrics_path__",
                path,
                EngineDiscovery.ENGINE_LABEL,
                told == null ? ids(engines) : told.id(),
                EngineDiscovery.VERSION_LABEL,
                version());
        return TargetGroup.of(url.toString(), labels, url.getRawAuthority());
    }

    private static String ids(List<EngineMatch> engines) {
        return engines.stream().map(match -> match.engine().id()).collect(Collectors.joining(","));
    }

    private String version() {
        return engines.stream()
                .filter(match -> told == null || match.engine().id().equals(told.id()))
                .map(EngineMatch::version)
                .findFirst()
                .orElse("");
    }

    /** Looks if it is time to. Returns why it knows no page, or null. */
    @Nullable
    String look() throws InterruptedException {
        if (pathGiven) {
            return null;
        }
        if (!settled) {
            return search("");
        }
        return --due > 0 ? null : lookAgain();
    }

    /** Asks for one path after the other. */
    private @Nullable String search(String exceptFor) throws InterruptedException {
        List<String> answers = new ArrayList<>();
        for (String candidate : paths) {
            if (candidate.equals(exceptFor)) {
                continue;
            }
            if (leftAlone.contains(candidate)) {
                answers.add(candidate + ": a list in JSON, left alone since reading it takes it away");
                continue;
            }
            try {
                Answer answer = ask(candidate);
                if (answer.kind() == Kind.PAGE) {
                    path = candidate;
                    settled = true;
                    learn(answer.engines());
                    return null;
                }
                if (answer.kind() == Kind.EMPTY_PAGE) {
                    // It may get samples with the first request: worth scraping, but the search goes on.
                    path = candidate;
                }
                answers.add(candidate + ": " + answer.words());
            } catch (IOException e) {
                // Not up yet, most likely: another path would not fare better.
                answers.add(candidate + ": " + e.getMessage());
                break;
            }
        }
        return "no metrics found at " + url + ": " + String.join("; ", answers);
    }

    /** Asks for the page that was found, and searches only if another program is there. */
    private @Nullable String lookAgain() throws InterruptedException {
        Answer answer;
        try {
            answer = ask(path);
        } catch (IOException e) {
            // Down, of which the scrapes tell. What comes up at this address may be something else.
            rest(false);
            return null;
        }
        if (answer.kind() == Kind.ANOTHERS) {
            settled = false;
            learn(List.of());
            return search(path);
        }
        boolean isPage = answer.kind() == Kind.PAGE;
        if (isPage && (isCertain(answer.engines()) || doubted || !isCertain(engines))) {
            learn(answer.engines());
        } else {
            // One page that lacks a family, or a server that is busy, is no reason to forget what it was.
            doubted = isPage;
            rest(false);
        }
        return null;
    }

    private void learn(List<EngineMatch> found) {
        engines = found;
        doubted = false;
        rest(isCertain(found));
        String what = found();
        if (settled && !what.equals(announced)) {
            announced = what;
            LOG.log(isAsTold() ? Level.INFO : Level.WARNING, () -> url + ": " + what);
        }
    }

    /** Rechecks are far apart where an engine has shown who it is, and get so where it has not. */
    private void rest(boolean certain) {
        due = certain ? steadyPause : pause;
        pause = certain ? 1 : Math.min(steadyPause, 2 * pause);
    }

    private static boolean isCertain(List<EngineMatch> engines) {
        return engines.stream().anyMatch(EngineMatch::decisive);
    }

    private boolean isAsTold() {
        return told == null
                || engines.isEmpty()
                || engines.stream().anyMatch(match -> match.engine().id().equals(told.id()));
    }

    private String found() {
        String what = engines.stream().map(EngineMatch::toString).collect(Collectors.joining(", "));
        return (what.isEmpty() ? "samples of no engine known" : what)
                + " at " + path
                + (isAsTold() ? "" : ", though it was given as " + told);
    }

    /** What a path has. */
    private enum Kind {
        PAGE,
        /** Without samples. */
        EMPTY_PAGE,
        /** What no engine has there that has its metrics there. */
        ANOTHERS,
        /** No page now. */
        NONE
    }

    private record Answer(Kind kind, List<EngineMatch> engines, String words) {
        static Answer without(Kind kind, String words) {
            return new Answer(kind, List.of(), words);
        }
    }

    private Answer ask(String candidate) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer;
        try {
            answer = request.get(url.resolve(candidate));
        } catch (ConnectException e) {
            leftAlone.clear();
            throw e;
        }
        int status = answer.statusCode();
        if (status != 200) {
            return Answer.without(status == 404 ? Kind.ANOTHERS : Kind.NONE, "HTTP status " + status);
        }
        if (beginsWith('[', answer.body())) {
            leftAlone.add(candidate);
            return Answer.without(Kind.ANOTHERS, "a list in JSON");
        }
        try {
            SampleBatch samples = samples(answer);
            return samples.isEmpty()
                    ? Answer.without(Kind.EMPTY_PAGE, "a page without samples")
                    : new Answer(Kind.PAGE, catalog.detect(samples), "");
        } catch (ExpositionException e) {
            return Answer.without(Kind.ANOTHERS, "no exposition (" + e.getMessage() + ")");
        }
    }

    private static SampleBatch samples(HttpResponse<byte[]> answer) {
        String type = answer.headers().firstValue("Content-Type").orElse(null);
        ExpositionFormat announced = ExpositionFormat.ofContentType(type);
        ExpositionFormat format = announced == null ? ExpositionFormat.TEXT_0_0_4 : announced;
        SampleBatch samples = new SampleBatch();
        new ExpositionParser().parse(format, answer.body(), 0, answer.body().length, 0, samples);
        return samples;
    }

    private static boolean beginsWith(char first, byte[] body) {
        int at = 0;
        while (at < body.length && body[at] <= ' ') {
            at++;
        }
        return at < body.length && body[at] == first;
    }
}
