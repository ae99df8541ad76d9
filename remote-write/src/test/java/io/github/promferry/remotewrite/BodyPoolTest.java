package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BodyPoolTest {
    private final BodyPool bodies = new BodyPool(10_000);

    @ParameterizedTest(name = "{1} bytes in the array of {0}: {2}")
    @CsvSource({
        "1000, 1000, true",
        "1000, 1031, true",
        "1000, 1032, false",
        "1000,  917, true",
        "1000,  916, false",
        "1000,    0, false",
        "   0,    0, true",
        "9000, 9000, true",
    })
    void anArrayIsUsedAgainForABodyThatNearlyFillsIt(int before, int after, boolean again) {
        Body first = bodies.take(before);
        byte[] array = first.array();
        assertThat(array).hasSize(before + before / 32);
        bodies.giveBack(first);
        Body second = bodies.take(after);
        assertThat(second.array() == array).isEqualTo(again);
        assertThat(second.length).isEqualTo(after);
        assertThat(second.bytes().remaining()).isEqualTo(after);
        assertThat(second.copy()).hasSize(after);
    }

    @Test
    void aBodyInUseSharesItsArrayWithNoOther() {
        bodies.giveBack(bodies.take(1000));
        byte[] first = bodies.take(1000).array();
        assertThat(bodies.take(1000).array()).isNotSameAs(first);
    }

    @Test
    void whatMayStillBeReadIsNotUsedAgain() {
        Body lent = bodies.take(1000);
        byte[] array = lent.array();
        lent.lend();
        bodies.giveBack(lent);
        assertThat(bodies.take(1000).array()).isNotSameAs(array);
    }

    @Test
    void aBodyThatWasGivenBackCannotBeReadNorGivenBackAgain() {
        Body body = bodies.take(1000);
        bodies.giveBack(body);
        assertThatIllegalStateException().isThrownBy(body::bytes).withMessage("this body has been given back");
        assertThatIllegalStateException().isThrownBy(() -> bodies.giveBack(body));
    }

    @Test
    void aPoolIsBoundedAndForgetsWhatWasUnusedLongest() {
        Body[] taken = new Body[5];
        byte[][] arrays = new byte[taken.length][];
        for (int i = 0; i < taken.length; i++) {
            taken[i] = bodies.take(3000 + i);
            arrays[i] = taken[i].array();
        }
        for (Body body : taken) {
            bodies.giveBack(body);
        }
        assertThat(bodies.take(3000).array()).isSameAs(arrays[4]);
        assertThat(bodies.take(3000).array()).isSameAs(arrays[3]);
        assertThat(bodies.take(3000).array()).isSameAs(arrays[2]);
        byte[] fresh = bodies.take(3000).array();
        assertThat(List.of(arrays)).noneMatch(array -> array == fresh);

        Body large = bodies.take(20_000);
        byte[] tooLarge = large.array();
        bodies.giveBack(large);
        assertThat(bodies.take(20_000).array()).isNotSameAs(tooLarge);
    }
}
