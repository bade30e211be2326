/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.FourierFtConfig;
import org.lora4j.config.VeraConfig;
import org.lora4j.error.AdapterFormatException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tensors that no file of an adapter holds. */
class GivenTensorsTest {

    @TempDir
    private Path folder;

    private final INDArray a = Nd4j.arange(6).castTo(DataType.FLOAT).reshape(2, 3);
    private final INDArray b = Nd4j.arange(8).castTo(DataType.FLOAT).reshape(4, 2);

    private Adapter vera() {
        VeraConfig config = VeraConfig.builder()
                .rank(2)
                .saveProjection(false)
                .targetModules("one")
                .build();
        Map<String, INDArray> factors = Map.of(
                "vera_lambda_b",
                Nd4j.ones(DataType.FLOAT, 4),
                "vera_lambda_d",
                Nd4j.ones(DataType.FLOAT, 2),
                "vera_A",
                a,
                "vera_B",
                b);
        return Adapter.of(config, Map.of("one", factors), Map.of());
    }

    @Test
    void projections_areNotSaved_andNamedWhereTheyAreNotGiven() throws IOException {
        vera().save(folder);

        assertThatThrownBy(() -> Adapter.load(folder))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("no file of this adapter holds \"base_model.vera_A\", \"base_model.vera_B\"")
                .hasMessageContaining("AdapterLoader.tensors");
    }

    @Test
    void projectionsGiven_makeTheAdapter_thatWasSaved() throws IOException {
        vera().save(folder);

        Adapter loaded =
                AdapterLoader.of(folder).tensors(vera().unsavedTensors()).load();

        assertThat(loaded).isEqualTo(vera());
        assertThat(loaded.unsavedTensors()).containsOnlyKeys("base_model.vera_A", "base_model.vera_B");
    }

    @Test
    void tensorGiven_thatTheFileHolds_isRefused() throws IOException {
        vera().save(folder);
        Map<String, INDArray> given = Map.of(
                "base_model.vera_A", a, "base_model.vera_B", b, "base_model.model.one.vera_lambda_d", a.getRow(0));

        assertThatThrownBy(() -> AdapterLoader.of(folder).tensors(given).load())
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("base_model.model.one.vera_lambda_d\" is there twice");
    }

    @Test
    void positionsGiven_asIntegers_areTaken() throws IOException {
        FourierFtConfig config =
                FourierFtConfig.builder().frequencies(2).targetModules("one").build();
        INDArray positions = Nd4j.createFromArray(new long[][] {{0, 3}, {2, 1}});
        Map<String, INDArray> factors = Map.of(
                "fourierft_spectrum", Nd4j.ones(DataType.FLOAT, 2),
                "fourierft_indices", positions.castTo(DataType.DOUBLE));
        Adapter adapter = Adapter.of(config, Map.of("one", factors), Map.of());
        adapter.save(folder);

        Adapter loaded = AdapterLoader.of(folder)
                .tensors(Map.of("base_model.model.one.fourierft_indices", positions))
                .load();

        assertThat(loaded).isEqualTo(adapter);
    }
}
