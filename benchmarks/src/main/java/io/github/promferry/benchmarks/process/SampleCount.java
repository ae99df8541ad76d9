package io.github.promferry.benchmarks.process;

/** Counts the samples of a write request by its field numbers alone; decoding it would cost more than the sender does. */
final class SampleCount {
    private static final int LENGTH_DELIMITED = 2;

    private SampleCount() {}

    /**
     * The number of samples.
     *
     * @param version2 {@code io.prometheus.write.v2.Request}, whose field 5 holds the series; else {@code
     *     prometheus.WriteRequest}, whose field 1 does; in both field 2 of a series holds a sample
     * @throws IndexOutOfBoundsException if the request ends too early
     */
    static int of(byte[] request, boolean version2) {
        int seriesField = version2 ? 5 : 1;
        int samples = 0;
        Fields fields = new Fields(request, 0, request.length);
        while (fields.next()) {
            if (fields.number == seriesField && fields.wireType == LENGTH_DELIMITED) {
                Fields series = new Fields(request, fields.from, fields.to);
                while (series.next()) {
                    samples += series.number == 2 && series.wireType == LENGTH_DELIMITED ? 1 : 0;
                }
            }
        }
        return samples;
    }

    private static final class Fields {
        private final byte[] bytes;
        private final int end;
        private int number;
        private int wireType;
        /** Of a length-delimited field: where its bytes are. */
        private int from;

        private int to;

        private Fields(byte[] bytes, int from, int end) {
            this.bytes = bytes;
            this.end = end;
            to = from;
        }

        private boolean next() {
            if (to >= end) {
                return false;
            }
            long tag = varint();
            number = (int) (tag >>> 3);
            wireType = (int) (tag & 7);
            switch (wireType) {
                case 0 -> varint();
                case 1 -> to += 8;
                case LENGTH_DELIMITED -> {
                    int length = Math.toIntExact(varint());
                    from = to;
                    to += length;
                }
                case 5 -> to += 4;
                default -> throw new IndexOutOfBoundsException("wire type " + wireType + " at " + to);
            }
            if (to > end || to < 0) {
                throw new IndexOutOfBoundsException("field " + number + " ends at " + to + ", behind " + end);
            }
            return true;
        }

        private long varint() {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                byte b = bytes[to++];
                value |= (long) (b & 0x7F) << shift;
                if (b >= 0) {
                    return value;
                }
            }
        }
    }
}
