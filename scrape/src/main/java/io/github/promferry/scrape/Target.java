package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.scrape.discovery.TargetGroup;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Something to scrape: an address, and labels for all its series. Immutable.
 *
 * <p>Labels that begin with two underscores are not attached to series; relabeling can read and set them. Some of them say
 * for this one target what the job says for all: {@code __address__}, {@code __scheme__}, {@code __metrics_path__}, {@code
 * __param_<name>}, {@code __scrape_interval__}, {@code __scrape_timeout__} (durations such as {@code 1m30s}). Those that
 * cannot be understood, or that relabeling takes away, keep the target from being scraped; so does a timeout longer than the
 * interval, unless it is the job's: that is cut to the interval.
 *
 * @param address host and port, such as {@code 10.0.0.7:8000} or {@code [2001:db8::1]:8000}; without a port, that of the
 *     scheme is used
 * @param labels such as {@code model="qwen3"}; a label {@code instance} here replaces the usual one
 * @since 0.1
 */
public record Target(String address, Labels labels) {
    /**
     * Rejects nulls. The address is checked by the job, since relabeling may replace it.
     *
     * @param address host and port
     * @param labels for all series of the target
     */
    public Target {
        Objects.requireNonNull(address, "address");
        Objects.requireNonNull(labels, "labels");
    }

    /**
     * A target without labels of its own.
     *
     * @param address host and port, such as {@code 127.0.0.1:8000}
     * @return the target
     */
    public static Target of(String address) {
        return new Target(address, Labels.EMPTY);
    }

    /**
     * A target with labels.
     *
     * @param address host and port, such as {@code 127.0.0.1:8000}
     * @param labels name to value
     * @return the target
     */
    public static Target of(String address, Map<String, String> labels) {
        return new Target(address, Labels.of(labels));
    }

    /** A target as discoveries have it: its address is one of its labels, or will be after relabeling. */
    static Target discovered(Labels labels) {
        Map<String, String> others = new TreeMap<>(labels.toMap());
        String address = others.remove(TargetGroup.ADDRESS);
        return new Target(address == null ? "" : address, Labels.of(others));
    }

    /**
     * What can be connected to.
     *
     * @throws IllegalArgumentException if the address is not a host with or without a port
     */
    static void checkAddress(String address) {
        if (address.isEmpty()) {
            throw new IllegalArgumentException("the target has no address: give host and port, such as 127.0.0.1:8000");
        }
        if (address.contains("://")) {
            throw new IllegalArgumentException("target address \"" + withoutUserInfo(address)
                    + "\" is a URL: give host:port alone, the rest belongs in scheme() and path() of the job");
        }
        if (address.indexOf('/') >= 0) {
            throw new IllegalArgumentException("target address \"" + withoutUserInfo(address)
                    + "\" has a path: give host:port alone, the path belongs in path() of the job");
        }
        if (address.indexOf('@') >= 0) {
            // The message must not repeat a password.
            throw new IllegalArgumentException("target address \"" + withoutUserInfo(address)
                    + "\" has a user: credentials belong in http() of the job");
        }
        if (address.chars().anyMatch(c -> c <= ' ' || c == '?' || c == '#' || c == '\\')) {
            throw new IllegalArgumentException(
                    "target address \"" + address + "\" is not host:port, such as 127.0.0.1:8000");
        }
        checkPort(address);
        checkBrackets(address);
    }

    private static void checkPort(String address) {
        int colon = address.lastIndexOf(':');
        boolean hasPort = colon >= 0 && address.indexOf(']', colon) < 0;
        if (!hasPort) {
            return;
        }
        if (address.indexOf(':') != colon && address.charAt(0) != '[') {
            throw new IllegalArgumentException(
                    "target address \"" + address + "\" is an IPv6 address: write [address]:port");
        }
        String port = address.substring(colon + 1);
        boolean valid = !port.isEmpty()
                && port.length() <= 5
                && port.chars().allMatch(c -> c >= '0' && c <= '9')
                && Integer.parseInt(port) <= 65535;
        if (!valid) {
            throw new IllegalArgumentException(
                    "target address \"" + address + "\": port \"" + port + "\" is not a number up to 65535");
        }
    }

    private static void checkBrackets(String address) {
        if (address.indexOf('[') < 0 && address.indexOf(']') < 0) {
            return;
        }
        try {
            if (new URI("http", address, "/", null, null).getHost() != null) {
                return;
            }
        } catch (URISyntaxException e) {
            // Told below.
        }
        throw new IllegalArgumentException("target address \"" + address
                + "\" is not an IPv6 address in brackets, with or without a port, such as [2001:db8::1]:8000");
    }

    private static String withoutUserInfo(String address) {
        int at = address.lastIndexOf('@');
        return at < 0 ? address : "..." + address.substring(at);
    }
}
