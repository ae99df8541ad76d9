package io.github.promferry.examples.web;

import io.github.promferry.Labels;
import io.github.promferry.http.wire.ShownUrl;
import io.github.promferry.remotewrite.WriterStats;
import io.github.promferry.scrape.DroppedTarget;
import io.github.promferry.scrape.JobStatus;
import io.github.promferry.scrape.ScrapeFailure;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.TargetStatus;
import io.github.promferry.scrape.discovery.EngineDiscovery;
import io.github.promferry.scrape.engine.EngineMatch;
import io.github.promferry.scrape.engine.EngineSignals;
import io.github.promferry.scrape.engine.SignalValues;
import java.util.Locale;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;

/** The state of everything as JSON, for the page's script and for people with a command line. Holds no secrets. */
final class StatusJson {
    private final StatusSource source;

    StatusJson(StatusSource source) {
        this.source = source;
    }

    String write(long nowMillis) {
        Json json = new Json().beginObject().field("nowMillis", nowMillis);
        json.key("targets").beginArray();
        source.scrapers().values().forEach(scraper -> scraper.status().forEach(status -> target(json, status)));
        json.endArray().key("engines").beginArray();
        source.monitors().forEach(monitor -> monitor.all().forEach(signals -> engine(json, signals)));
        json.endArray().key("droppedTargets").beginArray();
        source.scrapers().values().forEach(scraper -> scraper.droppedTargets().forEach(each -> dropped(json, each)));
        json.endArray().key("discoveryFailures").beginArray();
        source.scrapers().values().stream()
                .map(Scraper::jobs)
                .forEach(jobs -> jobs.forEach(job -> discoveryFailure(json, job)));
        json.endArray().key("endpoints").beginArray();
        source.writers().forEach((name, writer) -> endpoint(json, name, writer.stats(), nowMillis));
        return json.endArray().endObject().toString();
    }

    private static void target(Json json, TargetStatus status) {
        json.beginObject()
                .field("job", status.job())
                .field("url", ShownUrl.of(status.uri()))
                .field("health", status.health().name().toLowerCase(Locale.ROOT));
        labels(json, status.labels());
        json.field("engine", taken(status, EngineDiscovery.ENGINE_LABEL))
                .field("engineVersion", taken(status, EngineDiscovery.VERSION_LABEL))
                .field("scrapes", status.counts().scrapes())
                .field("failures", status.counts().failures())
                .field("skipped", status.counts().skipped())
                .field("refusals", status.counts().refusals())
                .field("nextScrapeMillis", status.nextScrapeMillis())
                .field("intervalSeconds", status.interval().toMillis() / 1e3)
                .field("timeoutSeconds", status.timeout().toMillis() / 1e3);
        TargetStatus.LastScrape last = status.lastScrape();
        if (last != null) {
            json.key("last")
                    .beginObject()
                    .field("timestampMillis", last.timestampMillis())
                    .field("seconds", last.duration().toNanos() / 1e9)
                    .field("bytes", last.bodyBytes())
                    .field("samples", last.samplesScraped())
                    .field("kept", last.samplesKept());
            ScrapeFailure failure = last.failure();
            if (failure != null) {
                json.field("errorKind", failure.kind().name()).field("error", failure.message());
            }
            String refusal = last.refusal();
            if (refusal != null) {
                json.field("refusal", refusal);
            }
            leftOut(json, last);
            json.endObject();
        }
        json.endObject();
    }

    /** What the search for engines takes the target for; empty if it was not looked for. */
    private static String taken(TargetStatus status, String label) {
        return Objects.requireNonNullElse(status.target().labels().get(label), "");
    }

    private static void leftOut(Json json, TargetStatus.LastScrape last) {
        json.key("leftOut").beginArray();
        last.leftOut()
                .forEach((why, samples) -> json.beginObject()
                        .field("why", why.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                        .field("count", samples.count())
                        .field("first", samples.first().toString())
                        .endObject());
        json.endArray();
    }

    private static void engine(Json json, EngineSignals signals) {
        EngineMatch match = signals.engine();
        if (match == null) {
            return;
        }
        String models = signals.parts().keySet().stream()
                .map(part -> part.get("model_name"))
                .filter(Objects::nonNull)
                .distinct()
                .collect(Collectors.joining(", "));
        SignalValues total = signals.total();
        json.beginObject()
                .field("engine", match.engine().name())
                .field("model", models)
                .field("state", signals.state().name().toLowerCase(Locale.ROOT))
                .field("sinceMillis", signals.since().toEpochMilli())
                .field("running", total.running())
                .field("waiting", total.waiting())
                .field("kvCacheUsage", total.kvCacheUsage())
                .field("promptTokensPerSecond", total.promptTokensPerSecond())
                .field("generatedTokensPerSecond", total.generationTokensPerSecond())
                .field("requestsPerSecond", total.requestsPerSecond());
        quantiles(json, "timeToFirstToken", total::timeToFirstToken);
        quantiles(json, "interTokenLatency", total::interTokenLatency);
        quantiles(json, "requestDuration", total::requestDuration);
        labels(json, signals.target());
        json.endObject();
    }

    private static void quantiles(Json json, String key, DoubleUnaryOperator quantile) {
        json.key(key)
                .beginObject()
                .field("p50", quantile.applyAsDouble(0.5))
                .field("p99", quantile.applyAsDouble(0.99))
                .endObject();
    }

    private static void dropped(Json json, DroppedTarget target) {
        json.beginObject().field("job", target.job()).field("reason", target.reason());
        labels(json, target.labels());
        json.endObject();
    }

    private static void discoveryFailure(Json json, JobStatus job) {
        String failure = job.lastDiscoveryFailure();
        if (failure != null) {
            json.beginObject()
                    .field("job", job.job())
                    .field("count", job.discoveryFailures())
                    .field("last", failure)
                    .endObject();
        }
    }

    private static void endpoint(Json json, String name, WriterStats stats, long nowMillis) {
        json.beginObject()
                .field("name", name)
                .field("accepted", stats.accepted())
                .field("refused", stats.refused())
                .field("delivered", stats.delivered())
                .field("dropped", stats.droppedTotal())
                .field("waiting", stats.waiting())
                .field("waitingBytes", stats.waitingBytes())
                .field("spoolBytes", stats.spoolBytes())
                .field("requests", stats.requests())
                .field("retries", stats.retries())
                .field("bytesSent", stats.bytesSent())
                .field("lagSeconds", lagSeconds(stats, nowMillis));
        json.key("droppedBy").beginObject();
        stats.dropped().forEach(json::field);
        json.endObject().endObject();
    }

    /** Age of the oldest sample that waits in a finished request. */
    private static double lagSeconds(WriterStats stats, long nowMillis) {
        return stats.oldestWaitingMillis() == Long.MAX_VALUE
                ? 0
                : Math.max(0, nowMillis - stats.oldestWaitingMillis()) / 1e3;
    }

    private static void labels(Json json, Labels labels) {
        json.key("labels").beginObject();
        labels.toMap().forEach(json::field);
        json.endObject();
    }
}
