/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

class CharacterLstmTest {

    private final MultiLayerNetwork network = CharacterLstm.create(4, 1e-2, 8, 1);

    @Test
    void numbers_andSymbols_areEachOthersInverse() {
        String all = " !09AZaz~{}\n";

        StringBuilder back = new StringBuilder();
        for (int number : Alphabet.numbers(all)) {
            back.append(Alphabet.symbol(number));
        }

        assertThat(back).hasToString(all);
        assertThat(Alphabet.numbers("\té")).containsExactly(0, '?' - ' ');
    }

    @Test
    void windows_labelEachSymbolWithTheNext() {
        DataSet windows = Windows.first(Alphabet.numbers("abcdefg"), 2, 3);

        assertThat(windows.getFeatures().shape()).containsExactly(2, 96, 3);
        INDArray read = windows.getFeatures().argMax(1);
        INDArray next = windows.getLabels().argMax(1);
        assertThat(read.toIntMatrix()[1]).containsExactly(Alphabet.numbers("def"));
        assertThat(next.toIntMatrix()[1]).containsExactly(Alphabet.numbers("efg"));
        assertThat(windows.getFeatures().sumNumber().intValue()).isEqualTo(6);
    }

    @Test
    void windows_ofTooShortAText_areRefused() {
        assertThatThrownBy(() -> Windows.first(new int[6], 2, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("6 symbols");
    }

    @Test
    void withoutLicense_dropsTheFirstCommentOnly() {
        assertThat(Text.withoutLicense("/*\n * License\n */\npackage a;\n/* b */\n"))
                .isEqualTo("package a;\n/* b */\n");
        assertThat(Text.withoutLicense("package a;\r\n/* b */\n")).isEqualTo("package a;\n/* b */\n");
    }

    @Test
    void loss_ofANetworkThatKnowsNothing_isTheLogarithmOfTheNumberOfSymbols() {
        network.getLayer("head").getParam("W").assign(0);
        network.getLayer("head").getParam("b").assign(0);

        double loss = CharacterLstm.loss(network, Windows.first(Alphabet.numbers("to be or not"), 2, 5));

        assertThat(loss).isCloseTo(Math.log(96), within(1e-5));
    }

    @Test
    void fit_updatesOnceAStretch_soTheRateIsOnItsLastStairAtTheEnd() {
        int[] text = Alphabet.numbers("to be or not to be ".repeat(20));

        for (int i = 0; i < 2; i++) {
            network.fit(Windows.random(text, 2, CharacterBase.LENGTH, new SplittableRandom(i)));
        }

        assertThat(network.getIterationCount()).isEqualTo(2 * CharacterBase.STRETCHES);
        // The stairs that begin at update 7 of 8: the eighteenth of twenty is the first of them.
        assertThat(network.getLearningRate(0)).isCloseTo(1e-2 * 2 / 20, within(1e-9));
    }

    @Test
    void goOn_beginsWithTheText_andRepeats() {
        String text = CharacterLstm.goOn(network, "to be", 20, 3);

        assertThat(text).startsWith("to be").hasSize(25);
        assertThat(CharacterLstm.goOn(network, "to be", 20, 3)).isEqualTo(text);
        assertThat(CharacterLstm.goOn(network, "to be", 20, 4)).isNotEqualTo(text);
    }

    @Test
    void median_ofAnEvenNumber_isTheMeanOfTheMiddle() {
        assertThat(Adaptation.median(List.of(4.0, 1.0, 3.0, 100.0))).isEqualTo(3.5);
        assertThat(Adaptation.median(List.of(4.0, 1.0, 3.0))).isEqualTo(3.0);
    }
}
