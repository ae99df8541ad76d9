package io.github.promferry.scrape.discovery;

import io.github.promferry.Labels;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Targets from DNS, as Prometheus' {@code dns_sd_configs} finds them: one for each address of a name (A, AAAA), for each
 * host and port that a service record names (SRV), or for each mail or name server (MX, NS). A name that does not exist has
 * no targets; one that cannot be looked up keeps those it had.
 *
 * <p>Each target gets the label {@code __meta_dns_name}; those from records that name a host also {@code
 * __meta_dns_srv_record_target} and {@code __meta_dns_srv_record_port}, {@code __meta_dns_mx_record_target}, or {@code
 * __meta_dns_ns_record_target}.
 *
 * <p>Addresses come from the system's resolver, hence also from its hosts file, through the cache of the JVM ({@code
 * networkaddress.cache.ttl}); other records are asked for anew each time.
 *
 * @since 0.1
 */
public final class DnsDiscovery extends PolledDiscovery {
    /** How often names are looked up unless told otherwise. */
    public static final Duration DEFAULT_REFRESH_INTERVAL = Duration.ofSeconds(30);

    /** The label that holds the name which was looked up. */
    public static final String NAME_LABEL = "__meta_dns_name";

    /** The label that holds the host of a service record, with the dot at its end. */
    public static final String SRV_TARGET_LABEL = "__meta_dns_srv_record_target";

    /** The label that holds the port of a service record. */
    public static final String SRV_PORT_LABEL = "__meta_dns_srv_record_port";

    /** The label that holds the host of a mail server record, with the dot at its end. */
    public static final String MX_TARGET_LABEL = "__meta_dns_mx_record_target";

    /** The label that holds the host of a name server record, with the dot at its end. */
    public static final String NS_TARGET_LABEL = "__meta_dns_ns_record_target";

    /**
     * What is looked up.
     *
     * @since 0.1
     */
    public enum RecordType {
        /** Hosts and ports of a service. The default. */
        SRV(4),
        /** IPv4 addresses. */
        A(1),
        /** IPv6 addresses. */
        AAAA(1),
        /** Hosts that take mail. */
        MX(2),
        /** Hosts that are name servers. */
        NS(1);

        /** The last of them is the host. */
        private final int words;

        RecordType(int words) {
            this.words = words;
        }
    }

    private final List<String> names;
    private final RecordType type;
    private final int port;
    private final DnsResolver resolver;
    /** What each name had last; touched by one lookup after the other. */
    private final Map<String, TargetGroup> known = new LinkedHashMap<>();

    private DnsDiscovery(Builder builder, DnsResolver resolver) {
        super("promferry-dns-discovery", builder);
        this.names = builder.names;
        this.type = builder.type;
        this.port = builder.port;
        this.resolver = resolver;
    }

    /**
     * A builder.
     *
     * @param names to look up, such as {@code _metrics._tcp.vllm.example.com}
     * @return a new builder
     * @throws IllegalArgumentException if there is none, or one is no DNS name
     */
    public static Builder builder(String... names) {
        return new Builder(names);
    }

    @Override
    public String toString() {
        return "DNS " + type + " " + names;
    }

    @Override
    List<TargetGroup> look(Publisher publisher) throws InterruptedException {
        for (String name : names) {
            try {
                known.put(name, lookUp(name));
            } catch (IOException e) {
                publisher.failed("DNS lookup of " + type + " " + name + " failed: " + e.getMessage());
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        return List.copyOf(known.values());
    }

    private TargetGroup lookUp(String name) throws IOException {
        List<Labels> targets = new ArrayList<>();
        for (String record : resolver.lookUp(name, type)) {
            String[] words = record.split(" ", -1);
            if (words.length != type.words) {
                throw new IOException("\"" + record + "\" is no record of type " + type);
            }
            // RFC 2782 and 7505: a host of "." says that there is no such service.
            if (!words[words.length - 1].equals(".")) {
                targets.add(target(words));
            }
        }
        // Servers rotate their answers; the order must not look like a change.
        targets.sort(null);
        return new TargetGroup(name, targets, Labels.of(NAME_LABEL, name));
    }

    private Labels target(String[] words) {
        String name = words[words.length - 1];
        String host = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        return switch (type) {
            case A -> Labels.of(TargetGroup.ADDRESS, host + ":" + port);
            case AAAA -> Labels.of(TargetGroup.ADDRESS, "[" + host + "]:" + port);
            case MX -> Labels.of(TargetGroup.ADDRESS, host + ":" + port, MX_TARGET_LABEL, name);
            case NS -> Labels.of(TargetGroup.ADDRESS, host + ":" + port, NS_TARGET_LABEL, name);
            case SRV ->
                // RFC 2782: priority, weight, port, target.
                Labels.of(TargetGroup.ADDRESS, host + ":" + words[2], SRV_TARGET_LABEL, name, SRV_PORT_LABEL, words[2]);
        };
    }

    /**
     * Collects settings; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder extends PolledBuilder<Builder> {
        private final List<String> names;
        private RecordType type = RecordType.SRV;
        private int port;
        private @Nullable String nameServer;

        private Builder(String... names) {
            super(DEFAULT_REFRESH_INTERVAL);
            if (names.length == 0) {
                throw new IllegalArgumentException("no DNS name is given: name at least one");
            }
            Arrays.stream(names).forEach(Builder::checkName);
            this.names = List.of(names);
        }

        /** What JNDI would take for a name of several parts, a quotation or a URL is no host name either. */
        private static void checkName(String name) {
            if (!name.matches("[\\w-]+(\\.[\\w-]+)*\\.?")) {
                throw new IllegalArgumentException(
                        "\"" + name
                                + "\" is no DNS name, such as _metrics._tcp.vllm.example.com (the port is a setting of its own)");
            }
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * What is looked up; {@link RecordType#SRV} by default.
         *
         * @param type the kind of record
         * @return this
         */
        public Builder type(RecordType type) {
            this.type = Objects.requireNonNull(type, "type");
            return this;
        }

        /**
         * The port of the targets; needed for all types but {@link RecordType#SRV}, which has its own.
         *
         * @param port from 1 to 65535
         * @return this
         */
        public Builder port(int port) {
            this.port = port;
            return this;
        }

        /**
         * Asks this DNS server, and not those of the system, such as a service registry's own.
         *
         * @param nameServer host, or host and port, such as {@code 127.0.0.1:8600}
         * @return this
         * @throws IllegalArgumentException if it is neither
         */
        public Builder nameServer(String nameServer) {
            if (!nameServer.matches("([\\w.-]+|\\[[0-9a-fA-F:.]+\\])(:\\d{1,5})?")) {
                throw new IllegalArgumentException(
                        "name server \"" + nameServer + "\" is not host or host:port, such as 127.0.0.1:8600");
            }
            this.nameServer = nameServer;
            return this;
        }

        /**
         * The discovery.
         *
         * @return not started yet
         * @throws IllegalArgumentException if the type needs a port and there is none
         */
        public DnsDiscovery build() {
            return build(nameServer == null ? DnsResolver.ofSystem() : DnsResolver.ofServer(nameServer));
        }

        DnsDiscovery build(DnsResolver resolver) {
            boolean needsPort = type != RecordType.SRV;
            if (needsPort && (port < 1 || port > 65535)) {
                throw new IllegalArgumentException(
                        "DNS records of type " + type + " have no port: give one from 1 to 65535, found " + port);
            }
            return new DnsDiscovery(this, resolver);
        }
    }
}
