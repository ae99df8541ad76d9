package io.github.promferry.scrape;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.sun.management.ThreadMXBean;
import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ConnectionAge;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;

/**
 * What a page costs each fetcher: processor time and garbage of all threads but the server's. In the package of the
 * fetchers, which are not public:
 *
 * <pre>
 * mvn -q -Pquick -pl benchmarks -am compile
 * java -cp core/target/classes:scrape/target/classes:benchmarks/target/classes io.github.promferry.scrape.FetcherCost
 * </pre>
 *
 * <p>On 2 shared cores, 50 pages at once, kept connections: {@code java.net.http} 150 and 190 us with 24 and 83 kB of
 * garbage for pages of 8 and 64 KiB on JDK 17 (118 and 116 us on JDK 25), sockets 12 and 18 us with 1.8 kB (15 and 19 us).
 */
final class FetcherCost {
    private static final int PAGES = 40_000;
    private static final int WARM_UP = 20_000;
    private static final int AT_ONCE = 50;

    private FetcherCost() {}

    public static void main(String[] args) throws Exception {
        for (int bodyBytes : new int[] {8 << 10, 64 << 10}) {
            try (ServerSocket server = serve(bodyBytes)) {
                URI uri = URI.create("http://127.0.0.1:" + server.getLocalPort() + "/metrics");
                ExecutorService threads = DaemonThreads.cached("cost-http");
                PageBuffers buffers = new PageBuffers(AT_ONCE);
                ConnectionAge age = new ConnectionAge(HttpSettings.DEFAULTS, Clock.SYSTEM);
                HttpClientFetcher client = new HttpClientFetcher(HttpSettings.DEFAULTS, threads, buffers, age);
                EventLoop io = new EventLoop(new ScrapeSchedule(Clock.SYSTEM));
                Fetcher sockets = new SocketFetcher(HttpSettings.DEFAULTS, io, threads, buffers, age, client);
                for (Fetcher fetcher : new Fetcher[] {client, sockets}) {
                    fetch(fetcher, uri, WARM_UP, buffers);
                    long[] before = cost();
                    fetch(fetcher, uri, PAGES, buffers);
                    long[] after = cost();
                    System.out.printf(
                            "%-18s %2d KiB: %6.1f us CPU, %7d B garbage a page%n",
                            fetcher.getClass().getSimpleName(),
                            bodyBytes >> 10,
                            (after[0] - before[0]) / 1e3 / PAGES,
                            (after[1] - before[1]) / PAGES);
                }
                io.close();
                threads.shutdownNow();
            }
        }
    }

    private static void fetch(Fetcher fetcher, URI uri, int pages, PageBuffers buffers) throws InterruptedException {
        Semaphore free = new Semaphore(AT_ONCE);
        CountDownLatch left = new CountDownLatch(pages);
        Fetcher.Request request = new Fetcher.Request(
                uri, Map.of("Accept", "text/plain", "User-Agent", "cost"), 1 << 20, Duration.ofSeconds(10));
        Fetcher.Receiver receiver = new Fetcher.Receiver() {
            @Override
            public void arrived(Fetcher.Page page) {
                buffers.giveBack(page.body());
                free.release();
                left.countDown();
            }

            @Override
            public void failed(ScrapeFailure failure) {
                throw new IllegalStateException(failure.message());
            }
        };
        for (int i = 0; i < pages; i++) {
            free.acquire();
            fetcher.fetch(request, receiver);
        }
        left.await();
    }

    /** Nanoseconds of processor time and bytes allocated, of all threads that are not the server's. */
    private static long[] cost() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] sum = new long[2];
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (!thread.getName().startsWith("cost-server")) {
                sum[0] += Math.max(0, threads.getThreadCpuTime(thread.getId()));
                sum[1] += Math.max(0, threads.getThreadAllocatedBytes(thread.getId()));
            }
        }
        return sum;
    }

    private static ServerSocket serve(int bodyBytes) throws IOException {
        ServerSocket server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        byte[] answer = ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + bodyBytes + "\r\n\r\n"
                        + "x".repeat(bodyBytes))
                .getBytes(ISO_8859_1);
        Thread accept = new Thread(
                () -> {
                    while (!server.isClosed()) {
                        try {
                            Socket socket = server.accept();
                            Thread serving = new Thread(() -> answer(socket, answer), "cost-server");
                            serving.setDaemon(true);
                            serving.start();
                        } catch (IOException e) {
                            return;
                        }
                    }
                },
                "cost-server-accept");
        accept.setDaemon(true);
        accept.start();
        return server;
    }

    private static void answer(Socket socket, byte[] answer) {
        byte[] input = new byte[4096];
        try (socket;
                InputStream in = socket.getInputStream();
                OutputStream out = socket.getOutputStream()) {
            socket.setTcpNoDelay(true);
            int ends = 0;
            for (int count = in.read(input); count >= 0; count = in.read(input)) {
                for (int i = 0; i < count; i++) {
                    ends = input[i] == '\n' ? ends + 1 : input[i] == '\r' ? ends : 0;
                    if (ends == 2) {
                        out.write(answer);
                        ends = 0;
                    }
                }
            }
        } catch (IOException e) {
            // The client has closed the connection.
        }
    }
}
