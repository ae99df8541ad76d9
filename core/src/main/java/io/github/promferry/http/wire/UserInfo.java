package io.github.promferry.http.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.http.Credentials;
import java.net.URI;
import java.net.URLDecoder;
import org.jspecify.annotations.Nullable;

/** The user name and password that a URL may carry. */
public final class UserInfo {
    private UserInfo() {}

    /**
     * What a URL says of who asks.
     *
     * @param url with or without a user name
     * @return null if it says nothing
     * @throws IllegalArgumentException if it is not percent-encoded well; the message does not show it
     */
    public static @Nullable Credentials credentials(URI url) {
        String userInfo = url.getRawUserInfo();
        if (userInfo == null) {
            return null;
        }
        int colon = userInfo.indexOf(':');
        return colon < 0
                ? Credentials.basic(decode(userInfo), "")
                : Credentials.basic(decode(userInfo.substring(0, colon)), decode(userInfo.substring(colon + 1)));
    }

    private static String decode(String percentEncoded) {
        // URLDecoder is made for forms, where a plus sign is a space.
        return URLDecoder.decode(percentEncoded.replace("+", "%2B"), UTF_8);
    }

    /**
     * The URL without it.
     *
     * @param url with or without a user name
     * @return a URL that may be shown as far as the user goes
     */
    public static URI without(URI url) {
        return url.getRawUserInfo() == null ? url : URI.create(url.toString().replaceFirst("//[^/?#]*@", "//"));
    }
}
