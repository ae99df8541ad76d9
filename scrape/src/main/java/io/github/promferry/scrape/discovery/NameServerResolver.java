package io.github.promferry.scrape.discovery;

import io.github.promferry.scrape.discovery.DnsDiscovery.RecordType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Hashtable;
import java.util.List;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

/** Asks name servers through JNDI, which tells a missing name from a failing server. */
final class NameServerResolver implements DnsResolver {
    private final String providerUrl;
    private final SearchList searchList;

    NameServerResolver(String providerUrl, SearchList searchList) {
        this.providerUrl = providerUrl;
        this.searchList = searchList;
    }

    @Override
    public List<String> lookUp(String name, RecordType type) throws IOException {
        for (String candidate : searchList.candidates(name)) {
            List<String> records = ask(candidate, type);
            if (!records.isEmpty()) {
                return records;
            }
        }
        return List.of();
    }

    // JdkObsolete: JNDI takes nothing but a Hashtable. BanJNDI: what makes JNDI dangerous are names that are URLs, of
    // an LDAP
    // server for instance, whose objects it would load; the builder of DnsDiscovery takes letters, digits, "-", "_" and
    // "."
    // only, and the DNS provider has no objects.
    @SuppressWarnings({"JdkObsolete", "BanJNDI"})
    private List<String> ask(String name, RecordType type) throws IOException {
        Hashtable<String, String> environment = new Hashtable<>();
        environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
        environment.put(Context.PROVIDER_URL, providerUrl);
        // Waits of 1, 2 and 4 s per server.
        environment.put("com.sun.jndi.dns.timeout.initial", "1000");
        environment.put("com.sun.jndi.dns.timeout.retries", "3");
        try {
            InitialDirContext context = new InitialDirContext(environment);
            try {
                Attribute records =
                        context.getAttributes(name, new String[] {type.name()}).get(type.name());
                return records == null ? List.of() : texts(records);
            } finally {
                context.close();
            }
        } catch (NameNotFoundException e) {
            return List.of();
        } catch (NamingException e) {
            Throwable cause = e.getRootCause() == null ? e : e.getRootCause();
            throw new IOException(cause.toString(), e);
        }
    }

    private static List<String> texts(Attribute records) throws NamingException {
        List<String> texts = new ArrayList<>();
        for (Object record : Collections.list(records.getAll())) {
            texts.add(record.toString());
        }
        return texts;
    }
}
