package io.github.promferry.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.http.wire.RequestHead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who asks: gives the value of the {@code Authorization} header, anew for each request, so that a rotated password or
 * token is picked up without a restart. Implement it for a secret store of your own.
 *
 * <p>Implementations are thread-safe and never show the secret in {@code toString} or in exceptions. Those made here read
 * a secret file at each use and cut the line break at its end.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface Credentials {
    /**
     * The value of the {@code Authorization} header. May block for as long as reading a file takes; whoever asks a
     * server for tokens caches them.
     *
     * @return such as {@code Basic dXNlcjpwYXNz}, or null to send no such header
     * @throws IOException if the secret cannot be had now; the caller treats it as a failed connection and tries again
     */
    @Nullable
    String authorization() throws IOException;

    /**
     * The value of the {@code Authorization} header for a caller that can wait only so long. Who asks a server for it, or
     * waits for a thread that does, follows the limit; this default just asks for it.
     *
     * @param atMost how long to wait
     * @return as {@link #authorization()}
     * @throws IOException if the secret cannot be had now or in time
     */
    default @Nullable String authorization(Duration atMost) throws IOException {
        return authorization();
    }

    /**
     * Whether asking again may give another answer. If so, a request that a server refused with 401 or 403 is worth one
     * more attempt.
     *
     * @return false if the answer is fixed, as this default does
     */
    default boolean canChange() {
        return false;
    }

    /**
     * Tells that a server refused the last answer with 401 or 403, so that a cached token is thrown away. Does nothing by
     * default.
     */
    default void refused() {}

    /**
     * No {@code Authorization} header.
     *
     * @return the same object always
     */
    static Credentials none() {
        return FixedCredentials.NONE;
    }

    /**
     * Basic authentication, RFC 7617, in UTF-8.
     *
     * @param user without a colon
     * @param password any text; may be empty
     * @return fixed credentials
     * @throws IllegalArgumentException if the user name has a colon
     */
    static Credentials basic(String user, String password) {
        return new FixedCredentials("basic, user " + user, basicHeader(checkedUser(user), password));
    }

    /**
     * Basic authentication with the password in a file.
     *
     * @param user without a colon
     * @param passwordFile holds the password, in UTF-8; a line break at its end is not part of it
     * @return credentials that read the file at each use
     * @throws IllegalArgumentException if the user name has a colon
     */
    static Credentials basic(String user, Path passwordFile) {
        checkedUser(user);
        return new FileCredentials(
                "basic, user " + user + ", password from", passwordFile, password -> basicHeader(user, password));
    }

    /**
     * A bearer token, RFC 6750.
     *
     * @param token not empty
     * @return fixed credentials
     * @throws IllegalArgumentException if the token is empty or cannot stand in a header
     */
    static Credentials bearer(String token) {
        return authorization("Bearer", token);
    }

    /**
     * A bearer token in a file.
     *
     * @param tokenFile holds the token; a line break at its end is not part of it
     * @return credentials that read the file at each use
     */
    static Credentials bearer(Path tokenFile) {
        return authorization("Bearer", tokenFile);
    }

    /**
     * Any other scheme that is a word and a secret.
     *
     * @param scheme the first word of the header, such as {@code Bearer}
     * @param secret what follows; not empty
     * @return fixed credentials
     * @throws IllegalArgumentException if the scheme is not one word, or the secret is empty or cannot stand in a header
     */
    static Credentials authorization(String scheme, String secret) {
        return new FixedCredentials(checkedScheme(scheme), scheme + " " + checkedSecret(secret, "the secret"));
    }

    /**
     * Any other scheme that is a word and a secret, with the secret in a file.
     *
     * @param scheme the first word of the header, such as {@code Bearer}
     * @param secretFile holds what follows; a line break at its end is not part of it
     * @return credentials that read the file at each use
     * @throws IllegalArgumentException if the scheme is not one word
     */
    static Credentials authorization(String scheme, Path secretFile) {
        String word = checkedScheme(scheme);
        return new FileCredentials(
                scheme + " from",
                secretFile,
                secret -> word + " " + checkedSecret(secret, "the content of " + secretFile));
    }

    private static String basicHeader(String user, String password) {
        Objects.requireNonNull(password, "password");
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
    }

    private static String checkedUser(String user) {
        if (Objects.requireNonNull(user, "user").indexOf(':') >= 0) {
            throw new IllegalArgumentException("user name \"" + user + "\" has a colon, which basic authentication"
                    + " cannot express (RFC 7617)");
        }
        return user;
    }

    private static String checkedScheme(String scheme) {
        if (!RequestHead.isToken(Objects.requireNonNull(scheme, "scheme"))) {
            throw new IllegalArgumentException(
                    "authorization scheme \"" + scheme + "\" is not one word, such as Bearer");
        }
        return scheme;
    }

    private static String checkedSecret(String secret, String what) {
        if (secret.isEmpty()) {
            throw new IllegalArgumentException(what + " is empty");
        }
        if (!HttpSettings.isHeaderValue(secret)) {
            throw new IllegalArgumentException(what
                    + " has a character that cannot stand in a header (line break, control or non-ASCII character)");
        }
        return secret;
    }
}

/** A header value that never changes. */
final class FixedCredentials implements Credentials {
    static final FixedCredentials NONE = new FixedCredentials("none", null);

    private final String description;
    private final @Nullable String header;

    FixedCredentials(String description, @Nullable String header) {
        this.description = description;
        this.header = header;
    }

    @Override
    public @Nullable String authorization() {
        return header;
    }

    @Override
    public String toString() {
        return "Credentials[" + description + "]";
    }
}

/** A header value made from the content of a file. */
final class FileCredentials implements Credentials {
    /** From a secret to a header value. */
    interface Header {
        String of(String secret);
    }

    private final String description;
    private final Path file;
    private final Header header;

    FileCredentials(String description, Path file, Header header) {
        this.description = description;
        this.file = Objects.requireNonNull(file, "file");
        this.header = header;
    }

    @Override
    public String authorization() throws IOException {
        // Files of this size come from the page cache in some 20 us: cheaper than any rule for when to look again.
        String text;
        try {
            text = Files.readString(file, UTF_8);
        } catch (IOException e) {
            throw new IOException(
                    "cannot read the credentials file " + file + " ("
                            + e.getClass().getSimpleName() + ")",
                    e);
        }
        int end = text.length();
        if (end > 0 && text.charAt(end - 1) == '\n') {
            end--;
        }
        if (end > 0 && text.charAt(end - 1) == '\r') {
            end--;
        }
        try {
            return header.of(text.substring(0, end));
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public boolean canChange() {
        return true;
    }

    @Override
    public String toString() {
        return "Credentials[" + description + " " + file + "]";
    }
}
