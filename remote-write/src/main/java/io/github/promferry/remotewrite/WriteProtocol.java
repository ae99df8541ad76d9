package io.github.promferry.remotewrite;

/**
 * Which Remote Write message is sent.
 *
 * @since 0.1
 */
public enum WriteProtocol {
    /** Remote Write 1.0: every receiver understands it. */
    V1("prometheus.WriteRequest"),
    /** Remote Write 2.0: about half the bytes, metadata and start timestamps included. Never falls back. */
    V2("io.prometheus.write.v2.Request"),
    /**
     * 2.0 first; 1.0 from the moment when the receiver says (415) or shows (2xx without any {@code …-Written} header)
     * that it does not know 2.0. What was refused is sent again as 1.0, and 2.0 is tried again now and then.
     */
    AUTO("auto");

    private final String configName;

    WriteProtocol(String configName) {
        this.configName = configName;
    }

    /**
     * The name of the message in a Prometheus configuration ({@code protobuf_message}); {@code auto} for {@link #AUTO}.
     *
     * @return such as {@code prometheus.WriteRequest}
     */
    public String configName() {
        return configName;
    }
}
