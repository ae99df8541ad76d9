package io.github.promferry.remotewrite;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.AgingClient;
import io.github.promferry.http.wire.ConnectionAge;
import java.time.Duration;

class ClientPosterTest extends PosterContract {
    @Override
    Poster create(ConnectionAge age) {
        AgingClient clients = new AgingClient(
                () -> HttpSettings.DEFAULTS.newClientBuilder().executor(threads).build(), age);
        return new ClientPoster(clients::get, Duration.ofSeconds(1));
    }
}
