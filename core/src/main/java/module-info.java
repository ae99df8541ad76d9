/**
 * The sample model, the two seams ({@link io.github.promferry.MetricSource} gives samples, {@link
 * io.github.promferry.SampleSink} takes them) and the exposition parsers. Needs the JDK alone and starts no thread.
 */
@org.jspecify.annotations.NullMarked
// The modules that http.wire is for are not on the module path when this one is compiled.
@SuppressWarnings("module")
module io.github.promferry.core {
    requires static org.jspecify;
    requires transitive java.net.http;

    exports io.github.promferry;
    exports io.github.promferry.http;
    exports io.github.promferry.http.wire to
            io.github.promferry.remotewrite,
            io.github.promferry.scrape;
    exports io.github.promferry.parse;
}
