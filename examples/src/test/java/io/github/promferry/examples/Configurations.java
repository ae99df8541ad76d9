package io.github.promferry.examples;

import java.net.URI;
import java.util.Map;

/** Configuration files for tests of the forwarder, in the two shapes that it reads. */
public final class Configurations {
    private Configurations() {}

    /**
     * The shape that the replaced sidecar uses.
     *
     * @param interval such as {@code 2s}
     * @param targets host and port by job name
     * @param endpoint where to write to
     * @param password of the user {@code USER}, as it stands in the file
     * @return YAML
     */
    public static String collector(String interval, Map<String, String> targets, URI endpoint, String password) {
        StringBuilder jobs = new StringBuilder();
        targets.forEach((job, target) -> jobs.append("""
                        - job_name: "%s"
                          scrape_interval: %s
                          metrics_path: /metrics
                          static_configs:
                            - targets: ["%s"]
                """.formatted(job, interval, target)));
        return """
                receivers:
                  prometheus:
                    config:
                      scrape_configs:
                %s
                processors:
                  batch:

                extensions:
                  basicauth/prw:
                    client_auth:
                      username: "USER"
                      password: "%s"

                exporters:
                  prometheusremotewrite:
                    endpoint: "%s"
                    auth:
                      authenticator: basicauth/prw

                service:
                  extensions: [basicauth/prw]
                  pipelines:
                    metrics:
                      receivers: [prometheus]
                      processors: [batch]
                      exporters: [prometheusremotewrite]
                """.formatted(jobs, password, endpoint);
    }

    /**
     * The shape of Prometheus, with one target of the job {@code llm}.
     *
     * @param interval such as {@code 2s}
     * @param target host and port
     * @param remoteWrite one element of {@code remote_write} in YAML's flow style
     * @return YAML
     */
    public static String prometheus(String interval, String target, String remoteWrite) {
        return """
                global:
                  scrape_interval: %s
                  scrape_timeout: %s
                scrape_configs:
                  - job_name: llm
                    static_configs:
                      - targets: ["%s"]
                        labels: {instance: engine-1}
                remote_write:
                  - %s
                """.formatted(interval, interval, target, remoteWrite);
    }
}
