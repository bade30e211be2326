/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.onednn.ProductChoice.Library;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.DnnlLibrary;
import org.lora4j.internal.onednn.Form;
import org.lora4j.internal.onednn.MatrixOperand;
import org.lora4j.internal.onednn.MemoryLayout;
import org.lora4j.internal.onednn.Term;

class ProductChoiceTest {

    private static final ProductChoice MIXED = new ProductChoice(Library.ONEDNN, Library.OPENBLAS, Library.OPENBLAS);

    @TempDir
    Path folder;

    @Test
    void parse_readsWhatIsWritten() {
        assertThat(MIXED).hasToString("layers=onednn,updates=openblas,gradients=openblas");
        assertThat(ProductChoice.parse(MIXED.toString())).isEqualTo(MIXED);
        assertThat(ProductChoice.parse("gradients=OPENBLAS, updates=openblas, layers=onednn"))
                .isEqualTo(MIXED);
    }

    @Test
    void parse_namesEveryProblemAtOnce() {
        assertThatThrownBy(() -> ProductChoice.parse("layers=mkl,updates=onednn,updates=onednn"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "ProductChoice: \"layers=mkl\" is not KIND=LIBRARY; \"updates\" is there twice; \"layers\" is"
                                + " missing; \"gradients\" is missing; expected layers, updates and gradients, each onednn or"
                                + " openblas, such as \"layers=onednn,updates=onednn,gradients=onednn\".");
    }

    @Test
    void property_thatCannotBeRead_isNamedInTheMessage() {
        assertThatThrownBy(() -> ProductChoices.read("fast"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("system property lora4j.products: ProductChoice: \"fast\" is not KIND=LIBRARY;")
                .hasMessageEndingWith("Or set it to \"shipped\".");
        assertThat(ProductChoices.read(MIXED.toString())).isEqualTo(MIXED);
    }

    @Test
    void library_dependsOnTheSizesOfTheModelAndNotOnTheRowsOfABatch() {
        for (int rows : new int[] {1, 2, 63, 64, 65, 2048}) {
            assertThat(MIXED.library(term(rows, 384, 1536, false, true))).isEqualTo(Library.ONEDNN);
            assertThat(MIXED.library(term(rows, 8, 1536, false, true))).isEqualTo(Library.OPENBLAS);
            assertThat(MIXED.library(term(rows, 8, 1536, false, false))).isEqualTo(Library.ONEDNN);
            assertThat(MIXED.library(term(rows, 384, 8, false, true))).isEqualTo(Library.ONEDNN);
            assertThat(MIXED.library(term(384, rows, 1536, true, false))).isEqualTo(Library.OPENBLAS);
            assertThat(MIXED.library(term(8, rows, 1536, true, false))).isEqualTo(Library.ONEDNN);
        }
    }

    /** Nothing is read there. */
    private static final Region ANYWHERE = new Region(0, Long.MAX_VALUE);

    private static Term term(long rows, long inner, long columns, boolean overBatch, boolean added) {
        MemoryLayout x =
                overBatch ? MemoryLayout.rowMajor(inner, rows).transposed() : MemoryLayout.rowMajor(rows, inner);
        MatrixOperand z = new MatrixOperand(ANYWHERE, MemoryLayout.rowMajor(rows, columns), Form.F32);
        return new Term(
                1,
                new MatrixOperand(ANYWHERE, x, Form.F32),
                new MatrixOperand(ANYWHERE, MemoryLayout.rowMajor(inner, columns), Form.F32),
                z,
                null,
                added ? z : null,
                overBatch);
    }

    @Test
    void keep_leavesWhatIsKnownOfOtherProcessors() throws IOException {
        Path file = folder.resolve("new/products.json");
        ProductChoices.keep(file, "AVX2 a", MIXED);
        ProductChoices.keep(file, "AVX2 b", ProductChoice.ONEDNN);
        ProductChoices.keep(file, "AVX2 a", ProductChoice.ONEDNN);

        assertThat(ProductChoices.measured(file, "AVX2 a")).contains(ProductChoice.ONEDNN);
        assertThat(ProductChoices.measured(file, "AVX2 b")).contains(ProductChoice.ONEDNN);
        assertThat(ProductChoices.measured(file, "AVX2 c")).isEmpty();
        try (var files = Files.list(file.getParent())) {
            assertThat(files).containsExactly(file);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "{\"AVX2 a\": 3}", "{\"AVX2 a\": \"layers=onednn\"}", "{\"AVX2 a\": null}"})
    void measured_fromADamagedFile_isNothing_andCalibratingReplacesIt(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("products.json"), text);

        assertThat(ProductChoices.measured(file, "AVX2 a")).isEmpty();
        ProductChoices.keep(file, "AVX2 a", MIXED);
        assertThat(ProductChoices.measured(file, "AVX2 a")).contains(MIXED);
    }

    @Test
    void measured_fromAFileThatIsTooLong_isNothing() throws IOException {
        Path file = Files.writeString(folder.resolve("products.json"), "{" + " ".repeat(1 << 17) + "}");

        assertThat(ProductChoices.measured(file, "AVX2 a")).isEmpty();
    }

    @Test
    void description_saysWhatOpenBlasMultiplies() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");

        assertThat(OneDnn.products(MathMode.STRICT_F32, MIXED).description())
                .endsWith("strict F32, weights where they lie; updates, gradients by OpenBLAS");
        assertThat(OneDnn.products(MathMode.STRICT_F32, ProductChoice.ONEDNN).description())
                .endsWith("strict F32, weights where they lie");
    }

    @Test
    void measurement_choosesALibraryForEachKind() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");

        ProductChoice measured = ProductMeasurement.measure(1);

        assertThat(measured.byKind().values()).doesNotContainNull();
        assertThat(ProductChoices.kind()).startsWith(DnnlLibrary.instructions());
    }
}
