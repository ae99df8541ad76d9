package io.github.promferry.scrape;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ConnectionAge;
import java.util.concurrent.ExecutorService;

class HttpClientFetcherTest extends FetcherContract {
    @Override
    Fetcher create(HttpSettings settings, ExecutorService threads, Clock clock) {
        return new HttpClientFetcher(settings, threads, buffers, new ConnectionAge(settings, clock));
    }
}
