package io.github.promferry.remotewrite;

import io.github.promferry.http.HttpSettings;
import java.net.http.HttpClient;

/** The same through {@code java.net.http}, which has all that is not plain {@code http}. */
class FaultMatrixOfHttpClientTest extends FaultMatrixTest {
    @Override
    HttpClient client() {
        return HttpSettings.DEFAULTS.newClient();
    }
}
