/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class ImageActivationTest {

    private static final long[] SHAPE = {2, 3, 4, 5};

    private static INDArray image(String name) {
        return RandomStreams.normal(RandomStreams.of(4, name), 1, DataType.DOUBLE, SHAPE);
    }

    /** The same values in the memory order of stock convolutions. */
    private static INDArray byChannel(INDArray image) {
        return image.permute(1, 0, 2, 3).dup('c').permute(1, 0, 2, 3);
    }

    private static double[] values(INDArray array) {
        assertThat(array.shape()).isEqualTo(SHAPE);
        return array.dup('c').data().asDouble();
    }

    // RRELU draws.
    @ParameterizedTest
    @EnumSource(value = Activation.class, mode = EnumSource.Mode.EXCLUDE, names = "RRELU")
    void forward_ofAnImageByChannel_hasTheValuesOfOneInOrder(Activation activation) {
        IActivation function = activation.getActivationFunction();

        INDArray found = ImageActivation.forward(function, byChannel(image("z")), false);

        assertThat(values(found)).isEqualTo(values(function.getActivation(image("z"), false)));
    }

    @ParameterizedTest
    @EnumSource(value = Activation.class, mode = EnumSource.Mode.EXCLUDE, names = "RRELU")
    void backward_ofAnImageByChannel_hasTheValuesOfOneInOrder(Activation activation) {
        IActivation function = activation.getActivationFunction();
        double[] expected =
                values(function.backprop(image("z"), image("epsilon")).getFirst());

        assertThat(values(ImageActivation.backward(function, byChannel(image("z")), image("epsilon"))))
                .isEqualTo(expected);
        assertThat(values(ImageActivation.backward(function, byChannel(image("z")), byChannel(image("epsilon")))))
                .isEqualTo(expected);
        assertThat(values(ImageActivation.backward(function, image("z"), byChannel(image("epsilon")))))
                .isEqualTo(expected);
    }

    /** Of somebody else, and interested in axes. */
    private static final class Own extends ActivationIdentity {

        private static final long serialVersionUID = 1;

        private final transient List<Long> seen = new ArrayList<>();

        @Override
        public INDArray getActivation(INDArray in, boolean training) {
            seen.add(in.size(1));
            return in;
        }
    }

    @Test
    void forward_functionOfSomebodyElse_seesExamplesFirst() {
        Own own = new Own();

        ImageActivation.forward(own, byChannel(image("z")), false);

        assertThat(own.seen).containsExactly(3L);
    }
}
