package io.github.promferry.examples;

import io.github.promferry.http.Credentials;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import java.net.URI;
import java.time.Duration;

/**
 * Scrape an engine and forward its metrics, inside a service of your own. Usage: {@code EmbedForwarder TARGET URL USER
 * PASSWORD}, such as {@code 127.0.0.1:8000 http://127.0.0.1:9090/api/v1/write alice secret}.
 */
public final class EmbedForwarder {
    private EmbedForwarder() {}

    /**
     * Forwards for a minute.
     *
     * @param args target, URL, user, password
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(URI.create(args[1]))
                .credentials(Credentials.basic(args[2], args[3]))
                .build());
        Scraper scraper = Scraper.builder()
                .sink(writer)
                .job(ScrapeJob.builder("llm")
                        .target(args[0])
                        .interval(Duration.ofSeconds(15))
                        .build())
                .build();
        writer.start();
        scraper.start();

        // Here your service does what it is for.
        Thread.sleep(Duration.ofMinutes(1).toMillis());

        // In this order: the writer still sends what the last scrape gave.
        scraper.close();
        writer.close(Duration.ofSeconds(5));
        System.out.println(writer.stats());
    }
}
