package io.github.promferry.scrape;

import io.github.promferry.http.HttpSettings;
import java.time.Duration;
import java.util.concurrent.ExecutorService;

class HttpClientFetcherTest extends FetcherContract {
    @Override
    Fetcher create(HttpSettings settings, ExecutorService threads, Duration maxConnectionAge) {
        return new HttpClientFetcher(settings, threads, buffers, maxConnectionAge);
    }
}
