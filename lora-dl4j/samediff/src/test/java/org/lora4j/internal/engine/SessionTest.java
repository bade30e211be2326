/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SessionTest {

    private static final Map<String, INDArray> INPUTS = Map.of("x", Nd4j.ones(2, 3));

    private static void run(Session session) {
        session.run(INPUTS, List.of("y"));
    }

    private static InferenceSession bug() {
        throw new NullPointerException("a bug");
    }

    @Test
    void whatNd4jRefuses_isSaidOfTheInputs_withItsCause() {
        Session session = new Session(
                () -> {
                    Nd4j.ones(2, 3).mmul(Nd4j.ones(2, 3));
                    return null;
                },
                null);

        assertThatThrownBy(() -> run(session))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("graph input: ND4J cannot run the graph on x FLOAT[2, 3] (")
                .cause()
                .isInstanceOf(RuntimeException.class);
    }

    @Test
    void aBugOfOurs_looksLikeOne() {
        Session session = new Session(SessionTest::bug, null);

        assertThatThrownBy(() -> run(session))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("a bug");
    }

    @Test
    void aBugOfOurs_withinTheJdk_looksLikeOne() {
        Session session = new Session(
                () -> {
                    List.of(1).get(3);
                    return null;
                },
                null);

        assertThatThrownBy(() -> run(session)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
