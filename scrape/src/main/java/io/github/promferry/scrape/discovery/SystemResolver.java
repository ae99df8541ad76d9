package io.github.promferry.scrape.discovery;

import io.github.promferry.scrape.discovery.DnsDiscovery.RecordType;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Asks the system's resolver for addresses, which knows the hosts file and the search list. */
final class SystemResolver implements DnsResolver {
    /** Where addresses come from, for tests. */
    interface Addresses {
        InetAddress[] of(String name) throws UnknownHostException;
    }

    /** Two or more groups that are 0. */
    private static final Pattern ZERO_GROUPS = Pattern.compile("(?<=^|:)(0(?::0)+)(?=:|$)");

    private final Addresses addresses;
    private final DnsResolver nameServers;

    SystemResolver(DnsResolver nameServers) {
        this(InetAddress::getAllByName, nameServers);
    }

    SystemResolver(Addresses addresses, DnsResolver nameServers) {
        this.addresses = addresses;
        this.nameServers = nameServers;
    }

    @Override
    public List<String> lookUp(String name, RecordType type) throws IOException {
        if (type != RecordType.A && type != RecordType.AAAA) {
            return nameServers.lookUp(name, type);
        }
        try {
            return Arrays.stream(addresses.of(name))
                    .filter(address -> address instanceof Inet4Address == (type == RecordType.A))
                    .map(address -> compressed(address.getHostAddress()))
                    .toList();
        } catch (UnknownHostException e) {
            // The same exception for "there is no such name" and for "no server answers": those servers know.
            return nameServers.lookUp(name, type);
        }
    }

    /** RFC 5952: the longest run of zero groups becomes "::", as name servers' answers and Prometheus have it. */
    private static String compressed(String address) {
        Matcher zeros = ZERO_GROUPS.matcher(address);
        String longest = "";
        int at = 0;
        while (zeros.find()) {
            if (zeros.group(1).length() > longest.length()) {
                longest = zeros.group(1);
                at = zeros.start(1);
            }
        }
        if (longest.isEmpty()) {
            return address;
        }
        String before = address.substring(0, at);
        String after = address.substring(at + longest.length());
        return (before.isEmpty() ? ":" : before) + (after.isEmpty() ? ":" : after);
    }
}
