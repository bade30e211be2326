/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.KasaOptions;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.buffer.DataType;

class PlainKasaTest {

    @Test
    void plainAdapter_computesWhatKasaComputes() {
        FormCase.Maker m = new FormCase.Maker(DataType.DOUBLE);
        m.x("x", 3, 5).mmul("y", m.weight("m.weight", 5, 4));
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .kasa(new KasaOptions())
                .initialization(Initialization.RANDOM)
                .targetModules("m")
                .build();
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);
        model.addAdapter("kasa", config, 1);
        model.activate("kasa");
        double[] expected = model.output(m.inputs, "y").get("y").dup('c').data().asDouble();

        Adapter plain = model.plainAdapter("kasa");
        model.addAdapter("plain", plain);
        model.activate("plain");

        assertThat(plain.loraConfig().kasa()).isNull();
        assertThat(plain.loraConfig().rank()).isEqualTo(4);
        assertThat(model.output(m.inputs, "y").get("y").dup('c').data().asDouble())
                .containsExactly(expected, within(1e-10));
    }
}
