package io.github.promferry.remotewrite;

import java.io.IOException;
import java.net.URI;
import java.util.Map;

/**
 * Signs requests, for receivers that want more than a password: {@link SigV4Signer} for Amazon, or the service's own. Runs
 * last and once for each attempt, on the writer's threads.
 *
 * <p>Implementations are thread-safe and keep secrets out of {@code toString} and exceptions.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface RequestSigner {
    /**
     * Signs a POST.
     *
     * @param url where it goes; never a server that a redirect led to
     * @param headers the headers that are set so far, without {@code Host}
     * @param body the compressed body; must not be changed
     * @return headers to set in addition, such as {@code Authorization}
     * @throws IOException if it cannot be signed now; the block is sent again as after a failed connection
     */
    Map<String, String> sign(URI url, Map<String, String> headers, byte[] body) throws IOException;
}
