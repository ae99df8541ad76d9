package io.github.promferry.scrape.discovery;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A DNS server (RFC 1035) on a free loopback UDP port that knows what a test tells it. */
final class DnsServer implements AutoCloseable {
    static final int A = 1;
    static final int NS = 2;
    static final int CNAME = 5;
    static final int MX = 15;
    static final int AAAA = 28;
    static final int SRV = 33;

    private static final int SERVER_FAILURE = 2;
    private static final int NAME_ERROR = 3;

    /** A resource record. */
    static final class Answer {
        private final int type;
        private final byte[] data;

        private Answer(int type, byte[] data) {
            this.type = type;
            this.data = data;
        }

        static Answer address(String literal) throws IOException {
            byte[] address = InetAddress.getByName(literal).getAddress();
            return new Answer(address.length == 4 ? A : AAAA, address);
        }

        static Answer service(int priority, int weight, int port, String target) throws IOException {
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(data);
            out.writeShort(priority);
            out.writeShort(weight);
            out.writeShort(port);
            writeName(out, target);
            return new Answer(SRV, data.toByteArray());
        }

        static Answer mailServer(int preference, String host) throws IOException {
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(data);
            out.writeShort(preference);
            writeName(out, host);
            return new Answer(MX, data.toByteArray());
        }

        static Answer nameServer(String host) throws IOException {
            return name(NS, host);
        }

        static Answer alias(String target) throws IOException {
            return name(CNAME, target);
        }

        private static Answer name(int type, String host) throws IOException {
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            writeName(new DataOutputStream(data), host);
            return new Answer(type, data.toByteArray());
        }
    }

    private final DatagramSocket socket;
    private final Thread thread;
    private final Map<String, List<Answer>> records = new ConcurrentHashMap<>();
    private final List<String> questions = new ArrayList<>();
    private volatile boolean failing;

    DnsServer() throws IOException {
        socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        thread = new Thread(this::run, "dns-server");
        thread.setDaemon(true);
        thread.start();
    }

    String hostPort() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    DnsServer set(String name, Answer... answers) {
        records.put(name, List.of(answers));
        return this;
    }

    void remove(String name) {
        records.remove(name);
    }

    /** Whether every question is answered with a server failure. */
    void failing(boolean fail) {
        failing = fail;
    }

    /** The names asked for so far. */
    synchronized List<String> questions() {
        return List.copyOf(questions);
    }

    @Override
    public void close() {
        socket.close();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        byte[] buffer = new byte[512];
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                byte[] answer = answer(Arrays.copyOf(buffer, packet.getLength()));
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private byte[] answer(byte[] question) throws IOException {
        ByteBuffer query = ByteBuffer.wrap(question);
        int id = query.getShort(0) & 0xFFFF;
        query.position(12);
        StringBuilder name = new StringBuilder();
        for (int length = query.get(); length > 0; length = query.get()) {
            byte[] label = new byte[length];
            query.get(label);
            name.append(name.isEmpty() ? "" : ".").append(new String(label, US_ASCII));
        }
        int type = query.getShort() & 0xFFFF;
        int questionEnd = query.position() + 2;
        synchronized (this) {
            questions.add(name.toString());
        }
        List<Answer> known = records.get(name.toString());
        int code = failing ? SERVER_FAILURE : known == null ? NAME_ERROR : 0;
        List<Answer> answers = code != 0
                ? List.of()
                : known.stream().filter(a -> a.type == type || a.type == CNAME).toList();

        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeShort(id);
        // A response, authoritative, recursion desired and available.
        out.writeShort(0x8580 | code);
        out.writeShort(1);
        out.writeShort(answers.size());
        out.writeShort(0);
        out.writeShort(0);
        out.write(question, 12, questionEnd - 12);
        for (Answer answer : answers) {
            // A pointer to the question's name.
            out.writeShort(0xC00C);
            out.writeShort(answer.type);
            out.writeShort(1);
            out.writeInt(60);
            out.writeShort(answer.data.length);
            out.write(answer.data);
        }
        return bytes.toByteArray();
    }

    private static void writeName(DataOutputStream out, String name) throws IOException {
        for (String label : name.split("\\.", -1)) {
            out.writeByte(label.length());
            out.write(label.getBytes(US_ASCII));
        }
        out.writeByte(0);
    }
}
