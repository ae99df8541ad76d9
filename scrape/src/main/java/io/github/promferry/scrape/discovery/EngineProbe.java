package io.github.promferry.scrape.discovery;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionException;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.engine.EngineMatch;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks where an engine has its metrics. Used by one thread.
 *
 * <p>A path is left alone for good once it has answered with a list in JSON: those are TensorRT-LLM's statistics, and reading
 * them takes them away from whoever needs them.
 */
final class EngineProbe {
    private static final Logger LOG = System.getLogger(EngineDiscovery.class.getName());

    private final URI url;
    private final EngineCatalog catalog;
    private final PageRequest request;
    private final Set<String> leftAlone = new HashSet<>();
    /** Where the metrics are, as far as is known; the first guess is the one that does no harm. */
    private String path;

    private boolean settled;
    private List<EngineMatch> engines = List.of();

    EngineProbe(URI url, EngineCatalog catalog, PageRequest request) {
        this.url = url;
        this.catalog = catalog;
        this.request = request;
        boolean given = url.getRawPath() != null && url.getRawPath().length() > 1;
        path = given ? url.getRawPath() : catalog.probePaths().get(0);
        settled = given;
    }

    /** The engine as a target, with what is known by now. */
    TargetGroup group() {
        Labels labels = Labels.of(
                "__scheme__",
                url.getScheme(),
                "__metrics_path__",
                path,
                EngineDiscovery.ENGINE_LABEL,
                engines.stream().map(match -> match.engine().id()).collect(Collectors.joining(",")),
                EngineDiscovery.VERSION_LABEL,
                engines.isEmpty() ? "" : engines.get(0).version());
        return TargetGroup.of(url.toString(), labels, url.getRawAuthority());
    }

    /** Looks unless it has found. Returns why it has not, or null. */
    @Nullable
    String look() throws InterruptedException {
        if (settled) {
            return null;
        }
        List<String> answers = new ArrayList<>();
        for (String candidate : catalog.probePaths()) {
            if (leftAlone.contains(candidate)) {
                answers.add(candidate + ": a list in JSON, left alone since reading it takes it away");
                continue;
            }
            try {
                String answer = look(candidate);
                if (settled) {
                    LOG.log(Level.INFO, () -> url + ": " + found());
                    return null;
                }
                answers.add(candidate + ": " + answer);
            } catch (IOException e) {
                // Not up yet, most likely: another path would not fare better.
                answers.add(candidate + ": " + e.getMessage());
                break;
            }
        }
        return "no metrics found at " + url + ": " + String.join("; ", answers);
    }

    private String found() {
        String what = engines.stream().map(EngineMatch::toString).collect(Collectors.joining(", "));
        return (what.isEmpty() ? "samples of no engine known" : what) + " at " + path;
    }

    /** What a path has answered; settled if it was samples. */
    private String look(String candidate) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = request.get(url.resolve(candidate));
        if (answer.statusCode() != 200) {
            return "HTTP status " + answer.statusCode();
        }
        byte[] body = answer.body();
        if (beginsWith('[', body)) {
            leftAlone.add(candidate);
            return "a list in JSON";
        }
        try {
            SampleBatch samples = samples(answer);
            // A page without samples may get some with the first request: worth scraping, but the search goes on.
            path = candidate;
            settled = !samples.isEmpty();
            engines = catalog.detect(samples);
            return "a page without samples";
        } catch (ExpositionException e) {
            return "no exposition (" + e.getMessage() + ")";
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
