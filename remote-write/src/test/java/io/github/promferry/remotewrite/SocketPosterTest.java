package io.github.promferry.remotewrite;

import java.time.Duration;

class SocketPosterTest extends PosterContract {
    @Override
    Poster create(Duration maxConnectionAge) {
        return new SocketPoster(Duration.ofSeconds(10), Duration.ofSeconds(1), Thread::new, maxConnectionAge);
    }
}
