package io.github.promferry.scrape.discovery;

import io.github.promferry.scrape.discovery.DnsDiscovery.RecordType;
import java.io.IOException;
import java.util.List;

/**
 * Asks for records as text: addresses, service records as "priority weight port host", mail servers as "preference host",
 * name servers as host.
 */
interface DnsResolver {
    /**
     * The records of a name.
     *
     * @return empty if the name does not exist or has no such record
     * @throws IOException if nobody knows
     */
    List<String> lookUp(String name, RecordType type) throws IOException;

    /** The system's resolver for addresses, the servers it is configured with for other records. */
    static DnsResolver ofSystem() {
        return new SystemResolver(new NameServerResolver("dns:", SearchList.ofSystem()));
    }

    /** A server for everything. */
    static DnsResolver ofServer(String hostAndPort) {
        return new NameServerResolver("dns://" + hostAndPort, SearchList.NONE);
    }
}
