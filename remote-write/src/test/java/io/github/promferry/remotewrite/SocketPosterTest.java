package io.github.promferry.remotewrite;

import io.github.promferry.http.wire.ConnectionAge;
import java.time.Duration;

class SocketPosterTest extends PosterContract {
    @Override
    Poster create(ConnectionAge age) {
        return new SocketPoster(Duration.ofSeconds(10), Duration.ofSeconds(1), Thread::new, age);
    }
}
