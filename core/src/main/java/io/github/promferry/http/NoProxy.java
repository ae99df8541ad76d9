package io.github.promferry.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The servers that are reached without the proxy: a list as in the environment variable {@code NO_PROXY}, read as Go's
 * {@code golang.org/x/net/http/httpproxy} does, which Prometheus and the collector use.
 */
final class NoProxy {
    private static final Pattern WITH_PORT = Pattern.compile("(\\[[^\\]]*]|[^:]*):([0-9]+)");
    private static final Pattern LITERAL =
            Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-f]*:[0-9a-f:.]*", Pattern.CASE_INSENSITIVE);

    private final List<Rule> rules = new ArrayList<>();
    private boolean everything;

    /** Either a network or the end of a name, which begins with a dot; a port or -1 for any. */
    private static final class Rule {
        final byte @Nullable [] network;
        final int bits;
        final String domain;
        final boolean itself;
        final int port;

        Rule(byte @Nullable [] network, int bits, String domain, boolean itself, int port) {
            this.network = network;
            this.bits = bits;
            this.domain = domain;
            this.itself = itself;
            this.port = port;
        }
    }

    NoProxy(String list) {
        for (String entry : list.toLowerCase(Locale.ROOT).split(",", -1)) {
            add(entry.strip());
        }
    }

    private void add(String entry) {
        everything |= entry.equals("*");
        int slash = entry.indexOf('/');
        byte[] network = slash < 0 ? null : address(entry.substring(0, slash));
        if (network != null) {
            String bits = entry.substring(slash + 1);
            if (bits.matches("[0-9]{1,3}") && Integer.parseInt(bits) <= network.length * 8) {
                rules.add(new Rule(network, Integer.parseInt(bits), "", false, -1));
            }
            return;
        }
        Matcher withPort = WITH_PORT.matcher(entry);
        boolean hasPort = withPort.matches() && withPort.group(2).length() <= 5;
        String host = hasPort ? withPort.group(1) : entry;
        int port = hasPort ? Integer.parseInt(withPort.group(2)) : -1;
        byte[] address = address(host);
        if (address != null) {
            rules.add(new Rule(address, address.length * 8, "", false, port));
        } else if (!host.isEmpty() && !host.equals("*")) {
            String domain = host.startsWith("*.") ? host.substring(1) : host;
            boolean itself = !domain.startsWith(".");
            rules.add(new Rule(null, 0, itself ? "." + domain : domain, itself, port));
        }
    }

    /** Whether the server is asked directly; this host always is. */
    boolean covers(String host, int port) {
        String name = host.toLowerCase(Locale.ROOT);
        byte[] address = address(name);
        if (everything || name.equals("localhost") || (address != null && isLoopback(address))) {
            return true;
        }
        for (Rule rule : rules) {
            boolean matches = rule.network == null
                    ? name.endsWith(rule.domain) || (rule.itself && name.equals(rule.domain.substring(1)))
                    : address != null && isWithin(address, rule.network, rule.bits);
            if (matches && (rule.port < 0 || rule.port == port)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isWithin(byte[] address, byte[] network, int bits) {
        boolean within = address.length == network.length;
        for (int bit = 0; within && bit < bits; bit++) {
            int mask = 0x80 >> (bit & 7);
            within = (address[bit >> 3] & mask) == (network[bit >> 3] & mask);
        }
        return within;
    }

    private static boolean isLoopback(byte[] address) {
        try {
            return InetAddress.getByAddress(address).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + address.length + " bytes", e);
        }
    }

    /** The bytes of an address that is written as such; no name is looked up. */
    private static byte @Nullable [] address(String host) {
        String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
        if (!LITERAL.matcher(bare).matches()) {
            return null;
        }
        try {
            return InetAddress.getAllByName(bare)[0].getAddress();
        } catch (UnknownHostException e) {
            return null;
        }
    }
}
