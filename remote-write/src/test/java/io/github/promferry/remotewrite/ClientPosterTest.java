package io.github.promferry.remotewrite;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.AgingClient;
import java.time.Duration;

class ClientPosterTest extends PosterContract {
    @Override
    Poster create(Duration maxConnectionAge) {
        AgingClient clients = new AgingClient(
                () -> HttpSettings.DEFAULTS.newClientBuilder().executor(threads).build(), maxConnectionAge);
        return new ClientPoster(clients::get, Duration.ofSeconds(1));
    }
}
