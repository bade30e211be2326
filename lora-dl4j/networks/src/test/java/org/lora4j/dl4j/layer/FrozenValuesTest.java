/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.ref.WeakReference;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.core.JsonProcessingException;

class FrozenValuesTest {

    private static final String UNKNOWN = "0".repeat(64);

    private static INDArray numbers(int length) {
        float[] numbers = new float[length];
        for (int i = 0; i < length; i++) {
            numbers[i] = i + 1;
        }
        return Nd4j.createFromArray(numbers);
    }

    private static double[] read(FrozenValues values) {
        return values.values("x").dup().data().asDouble();
    }

    private static FrozenValues throughJson(FrozenValues values) throws JsonProcessingException {
        return NeuralNetConfiguration.mapper()
                .readValue(NeuralNetConfiguration.mapper().writeValueAsString(values), FrozenValues.class);
    }

    @Test
    void id_isTheHashOfTypeNumberAndBytes() {
        // printf 'FLOAT 2\n\0\0\200\077\0\0\0\100' | sha256sum
        assertThat(FrozenVector.of(numbers(2)).id())
                .isEqualTo("4b88ac1bc9d1b7672504602f0606e9da473749ec2f81a12117a6edc50ec1ff3e");
    }

    @Test
    void part_isAView() {
        INDArray all = numbers(9);

        INDArray part = FrozenVector.of(all).part(2, 3).values("x");

        assertThat(part.dup().data().asDouble()).containsExactly(3, 4, 5);
        all.putScalar(3, 40);
        assertThat(part.getDouble(1)).isEqualTo(40);
    }

    @Test
    void half_ofAPart_isOneOfTwo() {
        FrozenValues whole = FrozenVector.of(numbers(9)).part(1, 4);

        assertThat(read(whole.half(false))).containsExactly(2, 3);
        assertThat(read(whole.half(true))).containsExactly(4, 5);
    }

    @Test
    void textAndBytes_findTheVectorAgain() throws IOException, ClassNotFoundException {
        FrozenValues part = FrozenVector.of(numbers(7)).part(2, 3);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new ObjectOutputStream(bytes).writeObject(part);

        Object deserialized = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();

        assertThat(deserialized).isEqualTo(part).hasSameHashCodeAs(part);
        assertThat(read((FrozenValues) deserialized)).containsExactly(3, 4, 5);
        assertThat(throughJson(part)).isEqualTo(part);
        assertThat(read(throughJson(part))).containsExactly(3, 4, 5);
    }

    @Test
    void ofTwoEqualVectors_theLastIsFound() throws JsonProcessingException {
        INDArray last = numbers(5);
        FrozenValues first = FrozenVector.of(numbers(5)).part(0, 5);

        FrozenVector kept = FrozenVector.of(last);

        assertThat(throughJson(first).values("x").data().pointer().address())
                .isEqualTo(last.data().pointer().address());
        assertThat(kept.id()).isEqualTo(first.vector());
    }

    @Test
    void ofTwoEqualVectors_theFirstIsFoundOnceTheLastIsGone() throws Exception {
        FrozenValues first = FrozenVector.of(numbers(6)).part(0, 6);
        WeakReference<FrozenVector> last = new WeakReference<>(FrozenVector.of(numbers(6)));
        for (int i = 0; last.get() != null && i < 200; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertThat(last.get()).isNull();

        assertThat(read(throughJson(first))).isEqualTo(read(first));
    }

    @Test
    void unknownVector_isNamedWithTheKnownOnes() {
        FrozenVector known = FrozenVector.of(numbers(11));

        assertThatThrownBy(() -> new FrozenValues(UNKNOWN, 0, 1).values("layer \"fc\""))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(
                        "layer \"fc\": its frozen values lie in a base with parameters of SHA-256 " + UNKNOWN)
                .hasMessageContaining("RegisteredBase.of(base)");
        assertThat(FrozenVector.known()).contains(known.id());
    }

    @Test
    void changedVector_isNoticed() {
        INDArray all = numbers(3000);
        FrozenValues part = FrozenVector.of(all).part(0, 10);

        all.muli(1.5);

        assertThatThrownBy(() -> part.values("layer \"fc\""))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("has changed since adapters were attached");
    }

    @Test
    void placesOutsideOfTheVector_areRefused() {
        FrozenVector vector = FrozenVector.of(numbers(4));

        assertThatThrownBy(() -> new FrozenValues((String) null, -1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("vector = null", "from = -1", "length = 0");
        for (long[] place : new long[][] {{2, 3}, {Long.MAX_VALUE, 1}, {1, Long.MAX_VALUE}}) {
            FrozenValues part = new FrozenValues(vector.id(), place[0], place[1]);
            assertThatThrownBy(() -> part.values("layer \"fc\""))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("damaged");
        }
    }

    @Test
    void emptyVector_isRefused() {
        assertThatThrownBy(() -> FrozenVector.of(Nd4j.empty(DataType.FLOAT)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("an empty array");
    }
}
