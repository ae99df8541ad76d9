package io.github.promferry.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.TargetStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * Scrapes many targets for minutes, one of which hangs and one of which sends garbage, and prints what was missed:
 *
 * <pre>
 * java -Xmx512m -cp core/target/classes:scrape/target/classes:benchmarks/target/classes \
 *     io.github.promferry.benchmarks.ScrapeSoak [targets] [series] [interval in ms] [seconds]
 * </pre>
 *
 * <p>The targets are addresses in 127.0.0.0/8 that one thread of this process serves, so half of the processor time is the
 * server's.
 *
 * <p>On 2 cores, JDK 17: 2000 targets x 500 series every 5 s for three minutes, none failed, none skipped, 22 MB of live
 * heap all the time, 7.5 s of processor time, the server's and the start included.
 */
final class ScrapeSoak {
    private static final int HANGING = 1;
    private static final int GARBAGE = 2;

    private ScrapeSoak() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        int targets = args.length > 0 ? Integer.parseInt(args[0]) : 2000;
        int series = args.length > 1 ? Integer.parseInt(args[1]) : 500;
        Duration interval = Duration.ofMillis(args.length > 2 ? Long.parseLong(args[2]) : 5000);
        int seconds = args.length > 3 ? Integer.parseInt(args[3]) : 180;

        int port = serve(page(series));
        ScrapeJob.Builder job = ScrapeJob.builder("soak").interval(interval).instanceFromHostName(false);
        for (int i = 1; i <= targets; i++) {
            job.target("127.1." + i / 250 + "." + (i % 250 + 1) + ":" + port);
        }
        LongAdder samples = new LongAdder();
        Scraper scraper = Scraper.builder()
                .job(job.build())
                .sink(batch -> {
                    samples.add(batch.size());
                    return true;
                })
                .build();
        scraper.start();
        for (int second = 10; second <= seconds; second += 10) {
            Thread.sleep(10_000);
            print(second, scraper.status(), samples.sum());
        }
        scraper.close();
    }

    private static void print(int second, List<TargetStatus> all, long samples) {
        long scrapes = 0;
        long failures = 0;
        long skipped = 0;
        for (TargetStatus status : all.subList(GARBAGE, all.size())) {
            scrapes += status.counts().scrapes();
            failures += status.counts().failures();
            skipped += status.counts().skipped();
        }
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        System.out.printf(
                "%3d s: %d good targets, %d scrapes, %d failed, %d skipped, %.1f M samples, %.1f MB live,"
                        + " %.1f s CPU; hanging: %s, garbage: %s%n",
                second,
                all.size() - GARBAGE,
                scrapes,
                failures,
                skipped,
                samples / 1e6,
                (runtime.totalMemory() - runtime.freeMemory()) / 1e6,
                ProcessHandle.current()
                                .info()
                                .totalCpuDuration()
                                .orElse(Duration.ZERO)
                                .toMillis()
                        / 1e3,
                all.get(HANGING - 1).health(),
                all.get(GARBAGE - 1).health());
    }

    private static byte[] page(int series) {
        StringBuilder page = new StringBuilder("# TYPE vllm:request_seconds histogram\n");
        for (int i = 0; i < series; i++) {
            page.append("vllm:request_seconds_bucket{engine=\"0\",le=\"")
                    .append(i)
                    .append(".0\",model_name=\"Qwen/Qwen3-32B\"} ")
                    .append(i)
                    .append('\n');
        }
        return page.toString().getBytes(UTF_8);
    }

    private static int serve(byte[] page) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress("0.0.0.0", 0), 1000);
        server.configureBlocking(false);
        Selector selector = Selector.open();
        server.register(selector, SelectionKey.OP_ACCEPT);
        ByteBuffer good = answer(page);
        ByteBuffer garbage = answer("}{ garbage\n".getBytes(UTF_8));
        Thread thread = new Thread(() -> loop(selector, server, good, garbage), "soak-server");
        thread.setDaemon(true);
        thread.start();
        return ((InetSocketAddress) server.getLocalAddress()).getPort();
    }

    private static ByteBuffer answer(byte[] body) {
        byte[] head = ("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: " + body.length
                        + "\r\n\r\n")
                .getBytes(UTF_8);
        return ByteBuffer.allocateDirect(head.length + body.length)
                .put(head)
                .put(body)
                .flip();
    }

    private static void loop(Selector selector, ServerSocketChannel server, ByteBuffer good, ByteBuffer garbage) {
        ByteBuffer input = ByteBuffer.allocateDirect(4096);
        while (true) {
            try {
                selector.select(key -> {
                    try {
                        if (key.isAcceptable()) {
                            accept(selector, server, good, garbage);
                        } else {
                            serve(key, input);
                        }
                    } catch (IOException e) {
                        key.cancel();
                    }
                });
            } catch (IOException e) {
                return;
            }
        }
    }

    private static void accept(Selector selector, ServerSocketChannel server, ByteBuffer good, ByteBuffer garbage)
            throws IOException {
        SocketChannel peer = server.accept();
        if (peer == null) {
            return;
        }
        peer.configureBlocking(false);
        String address =
                ((InetSocketAddress) peer.getLocalAddress()).getAddress().getHostAddress();
        ByteBuffer answer = address.equals("127.1.0." + (HANGING + 1))
                ? ByteBuffer.allocate(0)
                : address.equals("127.1.0." + (GARBAGE + 1)) ? garbage : good;
        peer.register(selector, SelectionKey.OP_READ, answer.duplicate().position(answer.limit()));
    }

    /** A request fits one read, and the next one comes after the answer. */
    private static void serve(SelectionKey key, ByteBuffer input) throws IOException {
        SocketChannel peer = (SocketChannel) key.channel();
        ByteBuffer answer = (ByteBuffer) key.attachment();
        if (key.isReadable()) {
            if (peer.read(input.clear()) < 0) {
                peer.close();
                return;
            }
            answer.rewind();
        }
        peer.write(answer);
        key.interestOps(answer.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
    }
}
