package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SocketFetcherTest extends FetcherContract {
    private final List<EventLoop> loops = new ArrayList<>();

    private final ExecutorService lookups = DaemonThreads.cached("lookup-test");

    @Override
    Fetcher create(HttpSettings settings, ExecutorService threads, Clock clock) {
        EventLoop io = new EventLoop(new ScrapeSchedule(clock));
        loops.add(io);
        return create(settings, threads, io);
    }

    private Fetcher create(HttpSettings settings, ExecutorService threads, EventLoop io) {
        ConnectionAge age = new ConnectionAge(settings, io.clock());
        HttpClientFetcher secure = new HttpClientFetcher(settings, threads, buffers, age);
        return new SocketFetcher(settings, io, threads, buffers, age, secure);
    }

    @Test
    void jobsShareConnectionsAndEachKnowsHowOldOnesItTakes() {
        ManualClock clock = new ManualClock();
        EventLoop io = new EventLoop(new ScrapeSchedule(clock));
        loops.add(io);
        ExecutorService threads = DaemonThreads.cached("fetcher-test");
        Fetcher picky = create(
                HttpSettings.builder().maxConnectionAge(Duration.ofMinutes(1)).build(), threads, io);
        Fetcher patient =
                create(HttpSettings.builder().maxConnectionAge(Duration.ZERO).build(), threads, io);
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"))) {
            fetch(picky, target.uri(), Map.of()).text();
            clock.advance(Duration.ofMinutes(2));
            fetch(patient, target.uri(), Map.of()).text();
            assertThat(target.connectionCount()).isEqualTo(1);
            fetch(picky, target.uri(), Map.of()).text();
            assertThat(target.connectionCount()).isEqualTo(2);
            clock.advance(Duration.ofMinutes(4));
            fetch(patient, target.uri(), Map.of()).text();
            assertThat(target.connectionCount()).isEqualTo(2);
        } finally {
            threads.shutdownNow();
        }
    }

    @AfterEach
    void closeSockets() {
        loops.forEach(EventLoop::close);
        lookups.shutdownNow();
    }

    private Fetcher create(HttpSettings settings, Clock clock, SocketFetcher.HostLookup hosts) {
        EventLoop io = new EventLoop(new ScrapeSchedule(clock));
        loops.add(io);
        ConnectionAge age = new ConnectionAge(settings, clock);
        HttpClientFetcher secure = new HttpClientFetcher(settings, lookups, buffers, age);
        return new SocketFetcher(settings, io, lookups, buffers, age, secure, hosts);
    }

    private static SocketFetcher.HostLookup always(String... addresses) {
        return host -> {
            InetAddress[] found = new InetAddress[addresses.length];
            for (int i = 0; i < found.length; i++) {
                found[i] = InetAddress.getByName(addresses[i]);
            }
            return found;
        };
    }

    private static Outcome fetch(Fetcher fetcher, URI uri, Duration timeout) {
        Outcome outcome = new Outcome();
        fetcher.fetch(new Fetcher.Request(uri, Map.of(), 1000, timeout), outcome);
        return outcome.await();
    }

    private static URI named(int port) {
        return URI.create("http://engine.test:" + port + "/metrics");
    }

    @Test
    void anAddressThatRefusesIsFollowedByTheNext() {
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"))) {
            Fetcher fetcher = create(HttpSettings.DEFAULTS, Clock.SYSTEM, always("::1", "127.0.0.1"));
            assertThat(fetch(fetcher, named(target.port()), Duration.ofSeconds(20))
                            .text())
                    .isEqualTo("a 1\n");
        }
    }

    /** Its queue is full, so the system answers no further connection. */
    private static final class Deaf implements AutoCloseable {
        private final ServerSocket listener;
        private final List<SocketChannel> queued = new ArrayList<>();

        Deaf(int port) throws IOException {
            listener = new ServerSocket(port, 1, always("::1").addressesOf("deaf")[0]);
            for (int i = 0; i < 8; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(listener.getLocalSocketAddress());
                queued.add(channel);
            }
        }

        URI page() {
            return named(listener.getLocalPort());
        }

        @Override
        public void close() throws IOException {
            for (SocketChannel channel : queued) {
                channel.close();
            }
            listener.close();
        }
    }

    @ParameterizedTest(name = "connect timeout {0}, timeout of the fetch {1}")
    @CsvSource({"PT0.05S, PT20S", "PT10S, PT1S"})
    void anAddressThatIsSilentLeavesTimeForTheNext(Duration connectTimeout, Duration timeout) throws IOException {
        HttpSettings settings =
                HttpSettings.builder().connectTimeout(connectTimeout).build();
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"));
                Deaf deaf = new Deaf(target.port())) {
            Fetcher fetcher = create(settings, Clock.SYSTEM, always("::1", "::1", "127.0.0.1"));
            assertThat(fetch(fetcher, deaf.page(), timeout).text()).isEqualTo("a 1\n");

            Fetcher lost = create(settings, Clock.SYSTEM, always("::1"));
            ScrapeFailure failure = fetch(lost, deaf.page(), timeout).failure;
            assertThat(failure.kind()).isEqualTo(ScrapeFailure.Kind.CONNECTION);
            assertThat(failure.message())
                    .matches("cannot connect to engine.test:" + target.port()
                            + ": no answer within (50ms|1s|9[0-9]{2}ms)");
        }
    }

    @Test
    void aHostIsLookedUpForEveryNewConnectionAndForNoOther() {
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"))) {
            List<String> lookedUp = Collections.synchronizedList(new ArrayList<>());
            SocketFetcher.HostLookup hosts = host -> {
                lookedUp.add(host);
                return new InetAddress[] {InetAddress.getLoopbackAddress()};
            };
            ManualClock clock = new ManualClock();
            Fetcher fetcher = create(HttpSettings.DEFAULTS, clock, hosts);
            for (int i = 0; i < 3; i++) {
                fetch(fetcher, named(target.port()), Duration.ofSeconds(20)).body();
            }
            assertThat(lookedUp).containsExactly("engine.test");
            clock.advance(Duration.ofHours(1));
            fetch(fetcher, named(target.port()), Duration.ofSeconds(20)).body();
            assertThat(lookedUp).hasSize(2);
        }
    }

    /** Kept connections, one that the server has closed, one that is silent, one that was canceled: none makes it spin. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void theThreadOfAllTargetsRestsWhileNothingHappens() throws InterruptedException {
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"))) {
            EventLoop io = new EventLoop(new ScrapeSchedule(Clock.SYSTEM));
            loops.add(io);
            Fetcher fetcher = create(HttpSettings.DEFAULTS, lookups, io);
            fetch(fetcher, target.uri(), Map.of()).text();
            target.answer(ScriptedAnswer.page("a 1\n").closeConnection());
            fetch(fetcher, target.uri(), Map.of()).text();
            target.answer(ScriptedAnswer.hang());
            fetcher.fetch(request(target.uri(), Map.of()), new Outcome());
            fetcher.fetch(request(target.uri(), Map.of()), new Outcome()).cancel();
            target.awaitRequests(3, Duration.ofSeconds(20));

            AtomicLong busyNanos = new AtomicLong(-1);
            CountDownLatch sweeps = new CountDownLatch(5);
            io.run(() -> io.sweepWith(now -> {
                busyNanos.compareAndSet(-1, processorNanos());
                if (sweeps.getCount() == 1) {
                    busyNanos.set(processorNanos() - busyNanos.get());
                }
                sweeps.countDown();
                return sweeps.getCount() > 0;
            }));
            assertThat(sweeps.await(20, TimeUnit.SECONDS)).isTrue();
            // Four sweeps take a second. A thread that spins would be busy for most of it.
            assertThat(Duration.ofNanos(busyNanos.get())).isLessThan(Duration.ofMillis(300));
        }
    }

    /** Of this thread. */
    private static long processorNanos() {
        try {
            String times = Files.readString(Path.of("/proc/thread-self/schedstat"));
            return Long.parseLong(times, 0, times.indexOf(' '), 10);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** On the thread of all targets nobody may wait for a name server. */
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, true",
        "255.255.255.255, true",
        "0.0.0.0, true",
        "[::1], true",
        "256.0.0.1, false",
        "1.2.3, false",
        "1.2.3.4.5, false",
        "1.2.3.4., false",
        "01.2.3.4, false",
        "a.b, false"
    })
    void onlyAddressesAreNotLookedUp(String host, boolean literal) {
        assertThat(SocketFetcher.isLiteral(host)).isEqualTo(literal);
    }
}
