package io.github.promferry.examples.config;

import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ShownUrl;
import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Effective settings as lines for people. Shows no secret: no password or token, no header value, no query. */
final class Settings {
    /** A job of a thousand targets still is one line. */
    private static final int TARGETS_SHOWN = 3;

    private Settings() {}

    static List<String> of(ForwarderConfig config) {
        List<String> lines = new ArrayList<>();
        for (ForwarderConfig.Source source : config.sources()) {
            for (ScrapeJob job : source.jobs()) {
                lines.add("job " + job.name() + ": " + targets(job) + " every " + DurationFormat.format(job.interval())
                        + ", timeout " + DurationFormat.format(job.timeout()) + http(job.http())
                        + (source.externalLabels().isEmpty() ? "" : ", external labels " + source.externalLabels())
                        + " -> " + String.join(", ", source.endpoints()));
            }
        }
        config.endpoints().forEach(endpoint -> lines.add(of(endpoint)));
        return lines;
    }

    private static String of(RemoteWriteConfig endpoint) {
        BatchPolicy batch = endpoint.batch() instanceof PromptStart start ? start.usual() : endpoint.batch();
        String samples = batch.maxSamples() == Integer.MAX_VALUE ? "" : batch.maxSamples() + " samples, ";
        return "endpoint " + endpoint.name() + ": " + ShownUrl.of(endpoint.url()) + ", "
                + endpoint.protocol().configName() + ", timeout " + DurationFormat.format(endpoint.timeout())
                + http(endpoint.http()) + ", a request has at most " + samples + batch.maxBytes()
                + " bytes and waits at most " + DurationFormat.format(batch.linger(1, 1))
                + (endpoint.queue().spool() == null
                        ? ""
                        : ", spool " + endpoint.queue().spool())
                + (endpoint.externalLabels().isEmpty() ? "" : ", external labels " + endpoint.externalLabels());
    }

    private static String targets(ScrapeJob job) {
        List<String> sources = new ArrayList<>();
        List<Target> targets = job.targets();
        if (!targets.isEmpty() || job.discoveries().isEmpty()) {
            sources.add(staticTargets(job, targets));
        }
        job.discoveries().forEach(discovery -> sources.add("targets of " + discovery));
        return String.join(", ", sources);
    }

    private static String staticTargets(ScrapeJob job, List<Target> targets) {
        if (targets.isEmpty()) {
            return "no target";
        }
        String shown = targets.stream()
                .limit(TARGETS_SHOWN)
                .map(target -> job.scheme() + "://" + target.address() + job.path())
                .collect(Collectors.joining(", "));
        int more = targets.size() - TARGETS_SHOWN;
        return more > 0 ? shown + " and " + more + " more" : shown;
    }

    private static String http(HttpSettings http) {
        boolean anonymous = http.credentials().equals(Credentials.none());
        // They describe themselves as Credentials[basic, user USER].
        String credentials =
                anonymous ? "" : ", " + http.credentials().toString().replaceFirst("^Credentials\\[(.*)]$", "$1");
        String headers = http.headers().isEmpty()
                ? ""
                : ", headers " + String.join(", ", http.headers().keySet());
        return credentials + headers;
    }
}
