package io.github.promferry.scrape.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.scrape.discovery.DnsDiscovery.RecordType;
import io.github.promferry.scrape.discovery.DnsServer.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DnsDiscoveryTest {
    private static final String SERVICE = "_metrics._tcp.vllm.test";

    private final RecordingPublisher publisher = new RecordingPublisher();
    private DnsServer server;
    private DnsDiscovery discovery;

    @BeforeEach
    void startServer() throws IOException {
        server = new DnsServer();
    }

    @AfterEach
    void close() {
        if (discovery != null) {
            discovery.close();
        }
        server.close();
    }

    private void start(DnsDiscovery.Builder builder) {
        discovery = builder.nameServer(server.hostPort())
                .refreshInterval(Duration.ofMillis(10))
                .build();
        discovery.start(publisher);
    }

    @Test
    void serviceRecordsBecomeTargets() throws IOException {
        server.set(
                SERVICE,
                Answer.service(0, 5, 8001, "vllm-1.vllm.test"),
                Answer.service(0, 5, 8000, "vllm-0.vllm.test"));
        start(DnsDiscovery.builder(SERVICE));
        publisher.awaitAddresses("vllm-0.vllm.test:8000", "vllm-1.vllm.test:8001");

        TargetGroup group = publisher.published().get(0).get(0);
        assertThat(group.source()).isEqualTo(SERVICE);
        assertThat(group.targetLabels().findFirst())
                .contains(Labels.of(
                        "__address__", "vllm-0.vllm.test:8000",
                        "__meta_dns_name", SERVICE,
                        "__meta_dns_srv_record_target", "vllm-0.vllm.test.",
                        "__meta_dns_srv_record_port", "8000"));
    }

    @ParameterizedTest(name = "{0} of {1}")
    @CsvSource({"SRV, 0 0 0 .", "MX, 0 ."})
    void serviceThatIsDeclaredAbsentHasNoTargets(RecordType recordType, String record) {
        discovery = DnsDiscovery.builder(SERVICE).type(recordType).port(1).build((name, type) -> List.of(record));
        discovery.start(publisher);
        publisher.awaitAddresses();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({"SRV, 0 0 vllm.test.", "MX, vllm.test."})
    void recordThatIsNoneOfItsTypeIsTold(RecordType recordType, String record) {
        discovery = DnsDiscovery.builder("x.test").type(recordType).port(1).build((name, type) -> List.of(record));
        discovery.start(publisher);
        publisher.awaitFailure(reason -> reason.equals("DNS lookup of " + recordType + " x.test failed: \"" + record
                + "\" is no record of type " + recordType));
    }

    @ParameterizedTest
    @CsvSource({"MX, __meta_dns_mx_record_target", "NS, __meta_dns_ns_record_target"})
    void serversOfADomainBecomeTargetsOfOnePort(RecordType recordType, String label) throws IOException {
        server.set(
                "vllm.test",
                Answer.mailServer(20, "b.test"),
                Answer.mailServer(10, "a.test"),
                Answer.nameServer("b.test"),
                Answer.nameServer("a.test"));
        start(DnsDiscovery.builder("vllm.test").type(recordType).port(8000));
        publisher.awaitAddresses("a.test:8000", "b.test:8000");

        assertThat(publisher.published().get(0).get(0).targetLabels().findFirst())
                .contains(Labels.of("__address__", "a.test:8000", "__meta_dns_name", "vllm.test", label, "a.test."));
    }

    @Test
    void addressesBecomeTargetsOfOnePort() throws IOException {
        server.set("vllm.test", Answer.address("10.0.0.1"), Answer.address("10.0.0.2"), Answer.address("2001:db8::7"));
        start(DnsDiscovery.builder("vllm.test").type(RecordType.A).port(8000));
        publisher.awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");

        assertThat(publisher.published().get(0).get(0).labels()).isEqualTo(Labels.of("__meta_dns_name", "vllm.test"));
    }

    @Test
    void addressesOfVersion6AreBracketed() throws IOException {
        server.set("vllm.test", Answer.address("10.0.0.1"), Answer.address("2001:db8::7"));
        start(DnsDiscovery.builder("vllm.test").type(RecordType.AAAA).port(8000));
        publisher.awaitAddresses("[2001:db8::7]:8000");
    }

    @Test
    void aliasesOnTheWayAreSkipped() throws IOException {
        server.set("vllm.test", Answer.alias("other.test"), Answer.address("10.0.0.1"));
        start(DnsDiscovery.builder("vllm.test").type(RecordType.A).port(8000));
        publisher.awaitAddresses("10.0.0.1:8000");
    }

    @Test
    void changesAreFound() throws IOException {
        server.set("vllm.test", Answer.address("10.0.0.1"));
        start(DnsDiscovery.builder("vllm.test").type(RecordType.A).port(8000));
        publisher.awaitAddresses("10.0.0.1:8000");

        server.set("vllm.test", Answer.address("10.0.0.1"), Answer.address("10.0.0.2"));
        publisher.awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");

        server.set("vllm.test");
        publisher.awaitAddresses();
    }

    @Test
    void orderOfTheAnswersIsNoChange() throws IOException {
        server.set("vllm.test", Answer.address("10.0.0.1"), Answer.address("10.0.0.2"));
        start(DnsDiscovery.builder("vllm.test").type(RecordType.A).port(8000));
        publisher.awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");

        server.set("vllm.test", Answer.address("10.0.0.2"), Answer.address("10.0.0.1"));
        int asked = server.questions().size();
        await().until(() -> server.questions().size() > asked + 3);

        assertThat(publisher.published()).hasSize(1);
    }

    @Test
    void nameThatDoesNotExistHasNoTargets() throws IOException {
        server.set("a.test", Answer.address("10.0.0.1")).set("b.test", Answer.address("10.0.0.2"));
        start(DnsDiscovery.builder("a.test", "b.test").type(RecordType.A).port(8000));
        publisher.awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");

        server.remove("a.test");

        publisher.awaitAddresses("10.0.0.2:8000");
        assertThat(publisher.failures()).isEmpty();
    }

    @Test
    void failingServerKeepsTheTargetsAndIsTold() throws IOException {
        server.set("vllm.test", Answer.address("10.0.0.1"));
        start(DnsDiscovery.builder("vllm.test").type(RecordType.A).port(8000));
        publisher.awaitAddresses("10.0.0.1:8000");

        server.failing(true);
        publisher.awaitFailure(reason -> reason.startsWith("DNS lookup of A vllm.test failed: "));
        assertThat(publisher.published()).hasSize(1);

        server.set("vllm.test", Answer.address("10.0.0.3"));
        server.failing(false);
        publisher.awaitAddresses("10.0.0.3:8000");
        assertThat(publisher.published()).hasSize(2);
    }

    @Test
    void oneNameThatFailsDoesNotHideAnother() {
        DnsResolver resolver = (name, type) -> {
            if (name.equals("bad.test")) {
                throw new IOException("no answer");
            }
            return List.of("10.0.0.1");
        };
        discovery = DnsDiscovery.builder("bad.test", "good.test")
                .type(RecordType.A)
                .port(80)
                .build(resolver);
        discovery.start(publisher);

        publisher.awaitAddresses("10.0.0.1:80");
        assertThat(publisher.failures()).containsExactly("DNS lookup of A bad.test failed: no answer");
    }

    @Test
    void systemResolverKnowsLocalhost() throws IOException {
        assertThat(DnsResolver.ofSystem().lookUp("localhost", RecordType.A)).contains("127.0.0.1");
    }

    @Test
    void systemResolverSortsAddressesByVersion() throws IOException {
        InetAddress[] both = {InetAddress.getByName("10.0.0.1"), InetAddress.getByName("2001:db8::1")};
        DnsResolver resolver = new SystemResolver(name -> both, (name, type) -> List.of("unused"));

        assertThat(resolver.lookUp("x", RecordType.A)).containsExactly("10.0.0.1");
        assertThat(resolver.lookUp("x", RecordType.AAAA)).containsExactly("2001:db8::1");
        assertThat(resolver.lookUp("x", RecordType.SRV)).containsExactly("unused");
        assertThat(resolver.lookUp("x", RecordType.MX)).containsExactly("unused");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::",
                "::1",
                "1::",
                "2001:db8::7",
                "1:0:2:3:4:5:6:7",
                "0:1:2:3:4:5:6:0",
                "1:0:0:2::3",
                "1::2:0:0:3",
                "1:2:3:4:5:6::"
            })
    void addressesOfVersion6AreWrittenShort(String address) throws IOException {
        InetAddress[] one = {InetAddress.getByName(address)};
        DnsResolver resolver = new SystemResolver(name -> one, (name, type) -> List.of());

        assertThat(resolver.lookUp("x", RecordType.AAAA)).containsExactly(address);
    }

    @Test
    void nameUnknownToTheSystemIsAskedFromItsServers() throws IOException {
        SystemResolver.Addresses unknown = name -> {
            throw new UnknownHostException(name);
        };
        DnsResolver servers = new NameServerResolver("dns://" + server.hostPort(), SearchList.NONE);
        DnsResolver resolver = new SystemResolver(unknown, servers);

        assertThat(resolver.lookUp("gone.test", RecordType.A)).isEmpty();
        server.failing(true);
        assertThatThrownBy(() -> resolver.lookUp("gone.test", RecordType.A)).isInstanceOf(IOException.class);
    }

    @Test
    void searchListIsWalkedUntilANameIsKnown() throws IOException {
        server.set("svc.ns.cluster.test", Answer.address("10.0.0.1"));
        SearchList list =
                SearchList.of("nameserver 10.0.0.2\nsearch zone.test ns.cluster.test\noptions edns0 ndots:2\n");
        DnsResolver resolver = new NameServerResolver("dns://" + server.hostPort(), list);

        assertThat(resolver.lookUp("svc", RecordType.A)).containsExactly("10.0.0.1");
        assertThat(resolver.lookUp("other", RecordType.A)).isEmpty();
        assertThat(server.questions())
                .containsExactly(
                        "svc.zone.test", "svc.ns.cluster.test", "other.zone.test", "other.ns.cluster.test", "other");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a       | a.x, a.y, a",
                "a.b     | a.b.x, a.b.y, a.b",
                "a.b.c   | a.b.c, a.b.c.x, a.b.c.y",
                "a.      | a.",
            })
    void namesAreCompletedByTheSearchList(String name, String candidates) {
        assertThat(SearchList.of("search x y\noptions ndots:2").candidates(name))
                .isEqualTo(List.of(candidates.split(", ", -1)));
    }

    @Test
    void configurationWithoutASearchListCompletesNothing() {
        assertThat(SearchList.of("# search x\nnameserver 127.0.0.1\noptions ndots:x\n"))
                .isEqualTo(SearchList.NONE);
    }

    @ParameterizedTest
    @EnumSource(names = "SRV", mode = EnumSource.Mode.EXCLUDE)
    void addressesNeedAPort(RecordType type) {
        assertThatThrownBy(() -> DnsDiscovery.builder("x.test").type(type).build())
                .hasMessageContaining("records of type " + type + " have no port");
        assertThatThrownBy(() ->
                        DnsDiscovery.builder("x.test").type(type).port(70_000).build())
                .hasMessageContaining("found 70000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a..b", "host:80", "http://x", "a/b", "a b", "\"a\"", ".a"})
    void textThatIsNoNameIsRefused(String name) {
        assertThatThrownBy(() -> DnsDiscovery.builder(name)).hasMessageContaining("is no DNS name");
    }

    @Test
    void nameServerIsHostAndPort() {
        DnsDiscovery.Builder builder = DnsDiscovery.builder("x.test");
        assertThatThrownBy(() -> builder.nameServer("dns://x")).hasMessageContaining("is not host or host:port");
        assertThat(builder.nameServer("[::1]:53").build()).hasToString("DNS SRV [x.test]");
    }
}
