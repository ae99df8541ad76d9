package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.http.wire.ShownUrl;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A target as it is scraped: what its own labels, its job and the defaults come to.
 *
 * @param job whose target it is
 * @param target as it was given
 * @param labels those its series get
 * @param uri of the page, by which it is known
 * @param fetchUri the same with an address one can connect to in place of a wildcard
 * @param interval between two scrapes
 * @param timeout of a scrape, at most the interval
 */
record ActiveTarget(
        ScrapeJob job, Target target, Labels labels, URI uri, URI fetchUri, Duration interval, Duration timeout) {
    private static final String PARAM = "__param_";
    private static final String INTERVAL = "__scrape_interval__";
    private static final String TIMEOUT = "__scrape_timeout__";

    /**
     * Works out a target.
     *
     * @param hostName stands for this host in the label {@code instance}, if the job wants that
     * @return null if relabeling drops the target
     * @throws IllegalArgumentException if labels that say something for the scrape cannot be understood
     */
    static @Nullable ActiveTarget of(ScrapeJob job, Target target, String hostName) {
        Labels discovered = discovered(job, target);
        Labels relabeled = job.relabel() == null ? discovered : job.relabel().apply(discovered);
        return relabeled == null ? null : of(job, target, relabeled.toMap(), hostName);
    }

    /** What relabeling sees: the target's labels, then what the job says. */
    static Labels discovered(ScrapeJob job, Target target) {
        Map<String, String> all = new TreeMap<>();
        all.put("job", job.name());
        all.put("__scheme__", job.scheme());
        all.put("__metrics_path__", job.path());
        all.put(INTERVAL, PrometheusDuration.format(job.interval()));
        all.put(TIMEOUT, PrometheusDuration.format(job.timeout()));
        all.put("__address__", target.address());
        job.params().forEach((name, values) -> all.put(PARAM + name, values.get(0)));
        all.putAll(target.labels().toMap());
        return Labels.of(all);
    }

    private static ActiveTarget of(ScrapeJob job, Target target, Map<String, String> all, String hostName) {
        String address = all.getOrDefault("__address__", "");
        Target.checkAddress(address);
        Duration interval = duration(all, INTERVAL);
        Duration timeout = duration(all, TIMEOUT);
        if (timeout.compareTo(interval) > 0) {
            if (!timeout.equals(job.timeout())) {
                throw new IllegalArgumentException("target " + address + ": timeout "
                        + PrometheusDuration.format(timeout) + " is longer than the interval "
                        + PrometheusDuration.format(interval));
            }
            // Only the interval is the target's own, and shorter than the job's timeout.
            timeout = interval;
        }
        String scheme = ScrapeJob.Builder.checkedScheme(all.getOrDefault("__scheme__", ""));
        String path = all.getOrDefault("__metrics_path__", "");
        String query = query(job, all);
        URI uri = uri(scheme, address, path, query);
        URI fetchUri = isWildcard(host(address)) ? uri(scheme, loopback(address), path, query) : uri;
        return new ActiveTarget(
                job, target, seriesLabels(job, all, address, hostName), uri, fetchUri, interval, timeout);
    }

    /** What makes it one and the same target: its labels and what is fetched. */
    String identity() {
        return labels + " " + uri + " " + PrometheusDuration.format(interval) + " "
                + PrometheusDuration.format(timeout);
    }

    /** For messages and logs: the job and the URL. */
    String name() {
        return job.name() + " (" + ShownUrl.of(uri) + ")";
    }

    /** Whether the page never leaves this host, so that packing it is work for nothing. */
    boolean isOnThisHost() {
        return isLoopback(host(fetchUri.getRawAuthority()));
    }

    private static Labels seriesLabels(ScrapeJob job, Map<String, String> all, String address, String hostName) {
        Labels.Builder labels = Labels.builder();
        all.forEach((name, value) -> {
            if (!name.startsWith("__")) {
                labels.add(name, value);
            }
        });
        if (all.getOrDefault("instance", "").isEmpty()) {
            labels.add("instance", job.instanceFromHostName() ? named(address, hostName) : address);
        }
        return labels.build();
    }

    private static Duration duration(Map<String, String> all, String label) {
        String text = all.getOrDefault(label, "");
        if (text.isEmpty()) {
            // As Prometheus: a rule that sets it from a label that is not there must not go unnoticed.
            throw new IllegalArgumentException(
                    "label " + label + " is gone after relabeling: it must be a duration such"
                            + " as 15s; leave it alone to keep the job's");
        }
        Duration duration;
        try {
            duration = PrometheusDuration.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("label " + label + ": " + e.getMessage(), e);
        }
        if (duration.isZero()) {
            throw new IllegalArgumentException("label " + label + " is 0: it must be positive");
        }
        return duration;
    }

    private static String query(ScrapeJob job, Map<String, String> all) {
        TreeMap<String, List<String>> params = new TreeMap<>(job.params());
        all.forEach((label, value) -> {
            if (label.startsWith(PARAM)) {
                String name = label.substring(PARAM.length());
                List<String> values = new ArrayList<>(params.getOrDefault(name, List.of("")));
                values.set(0, value);
                params.put(name, values);
            }
        });
        StringBuilder query = new StringBuilder();
        params.forEach((name, values) -> values.forEach(value -> query.append(query.isEmpty() ? '?' : '&')
                .append(URLEncoder.encode(name, StandardCharsets.UTF_8))
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8))));
        return query.toString();
    }

    private static URI uri(String scheme, String address, String path, String query) {
        try {
            String absolute = path.isEmpty() || path.startsWith("/") ? path : "/" + path;
            return URI.create(new URI(scheme, address, absolute, null, null).toASCIIString() + query);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "target address \"" + address + "\" with path \"" + path + "\" makes no URL: " + e.getReason(), e);
        }
    }

    private static String named(String address, String hostName) {
        String host = host(address);
        if (!isWildcard(host) && !isLoopback(host)) {
            return address;
        }
        return hostName + address.substring(addressPartLength(address));
    }

    private static String loopback(String address) {
        return (address.startsWith("[") ? "[::1]" : "127.0.0.1") + address.substring(addressPartLength(address));
    }

    /** The host, without brackets. */
    private static String host(String address) {
        String part = address.substring(0, addressPartLength(address));
        return part.startsWith("[") && part.endsWith("]") ? part.substring(1, part.length() - 1) : part;
    }

    private static int addressPartLength(String address) {
        int colon = address.lastIndexOf(':');
        return colon < 0 || address.indexOf(']', colon) >= 0 ? address.length() : colon;
    }

    private static boolean isWildcard(String host) {
        return host.equals("0.0.0.0")
                || (host.indexOf(':') >= 0 && literal(host).isAnyLocalAddress());
    }

    private static boolean isLoopback(String host) {
        return host.equalsIgnoreCase("localhost")
                || host.matches("127(\\.[0-9]{1,3}){3}")
                || (host.indexOf(':') >= 0 && literal(host).isLoopbackAddress());
    }

    /** An IPv6 address without its zone; with a colon in it, the text is never looked up. */
    private static InetAddress literal(String host) {
        try {
            return InetAddress.getByName(host.replaceFirst("%.*", ""));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("\"" + host + "\" is no IPv6 address", e);
        }
    }
}
