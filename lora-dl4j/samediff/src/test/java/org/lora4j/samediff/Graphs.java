/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What several tests of graphs share. */
final class Graphs {

    private Graphs() {}

    static SameDiff saveAndLoad(SameDiff graph) {
        try {
            File file = Files.createTempFile("graph", ".fb").toFile();
            graph.save(file, true);
            SameDiff loaded = SameDiff.load(file, true);
            Files.delete(file.toPath());
            return loaded;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Copies of the arrays of all leaves. */
    static Map<String, INDArray> leaves(SameDiff graph) {
        Map<String, INDArray> leaves = new LinkedHashMap<>();
        for (SDVariable v : graph.variables()) {
            if (v.getVariableType() == VariableType.VARIABLE || v.getVariableType() == VariableType.CONSTANT) {
                leaves.put(v.name(), v.getArr().dup());
            }
        }
        return leaves;
    }

    /** Equality of every value; ND4J's own equality has a tolerance. */
    static void assertSameValues(INDArray found, INDArray expected) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        assertThat(found.dup('c').data().asDouble())
                .isEqualTo(expected.dup('c').data().asDouble());
    }
}
