package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PageBuffersTest {
    @ParameterizedTest(name = "{2} of {1} buffers of {0} bytes are kept")
    @CsvSource({"0, 50, 50", "70000, 50, 50", "1048576, 50, 8", "4194304, 50, 3", "4194305, 50, 50"})
    void asManyAreKeptAsAreSmallTogether(int size, int lent, int kept) {
        PageBuffers buffers = new PageBuffers(3);
        for (int round = 0; round < 2; round++) {
            List<PageBuffer> before = lend(buffers, lent);
            before.forEach(buffer -> buffer.reserve(size));
            before.forEach(buffers::giveBack);

            List<PageBuffer> after = lend(buffers, lent);
            Set<PageBuffer> again = new HashSet<>(after);
            again.retainAll(before);
            assertThat(again).hasSize(kept);

            after.forEach(buffer -> buffer.reserve(size));
            after.forEach(buffers::giveBack);
        }
    }

    private static List<PageBuffer> lend(PageBuffers buffers, int count) {
        return IntStream.range(0, count).mapToObj(i -> buffers.lend()).toList();
    }
}
