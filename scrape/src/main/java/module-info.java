/** Targets, scrape loops, staleness, report series. */
@org.jspecify.annotations.NullMarked
module io.github.promferry.scrape {
    requires static transitive org.jspecify;
    requires transitive io.github.promferry.core;
    requires java.net.http;

    exports io.github.promferry.scrape;
}
