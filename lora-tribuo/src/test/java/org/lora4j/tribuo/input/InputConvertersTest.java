/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.tribuo.input.ImageInputConverter.Layout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tribuo.CategoricalInfo;
import org.tribuo.Example;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.MutableFeatureMap;
import org.tribuo.VariableInfo;
import org.tribuo.classification.Label;
import org.tribuo.hash.HashedFeatureMap;
import org.tribuo.hash.MessageDigestHasher;
import org.tribuo.impl.ArrayExample;
import org.tribuo.test.Helpers;

class InputConvertersTest {

    private static final List<InputSpec> VECTOR = List.of(InputSpec.values("x", -1, 3));
    private static final List<InputSpec> TOKENS =
            List.of(InputSpec.tokenIds("ids", 8, 100), InputSpec.tokenMask("mask"));

    private static ImmutableFeatureMap domain(String... names) {
        return new ImmutableFeatureMap(Arrays.stream(names)
                .map(name -> (VariableInfo) new CategoricalInfo(name))
                .toList());
    }

    private static Example<Label> example(String[] names, double... values) {
        return new ArrayExample<>(new Label("a"), names, values);
    }

    private static String[] names(String... names) {
        return names;
    }

    @Test
    void dense_putsFeaturesWhereTheirNamesAre() {
        InputBinding binding =
                new DenseInputConverter(List.of("F10", "F2", "F1")).bind(domain("F1", "F2", "F10"), VECTOR);

        INDArray array = binding.convert(List.of(
                        example(names("F1", "F10"), 1, 10),
                        example(names("F2"), 2),
                        example(names("F2", "other"), 3, 9)))
                .get("x");

        assertThat(array.toFloatMatrix()).isDeepEqualTo(new float[][] {{10, 0, 1}, {0, 2, 0}, {0, 3, 0}});
    }

    @Test
    void dense_byFeatureId_goesByTheRankOfNames() {
        InputBinding binding = DenseInputConverter.byFeatureId().bind(domain("F2", "F10", "F1"), VECTOR);

        assertThat(binding.convert(List.of(example(names("F1", "F2", "F10"), 1, 2, 10)))
                        .get("x")
                        .toFloatMatrix())
                .isDeepEqualTo(new float[][] {{1, 10, 2}});
    }

    @Test
    void dense_byFeatureIdOfAnotherSize_saysBoth() {
        assertThatThrownBy(() -> DenseInputConverter.byFeatureId().bind(domain("F2", "F10"), VECTOR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the domain has 2 features, the network 3 inputs");
    }

    @Test
    void dense_inAHashedDomain_findsNamesByTheirHash() {
        MutableFeatureMap plain = new MutableFeatureMap();
        List.of("A", "B", "C").forEach(name -> plain.add(name, 1));
        HashedFeatureMap hashed = HashedFeatureMap.generateHashedFeatureMap(
                plain, new MessageDigestHasher("SHA-256", "some salt that is long"));

        InputBinding binding = new DenseInputConverter(List.of("C", "B", "A")).bind(hashed, VECTOR);

        assertThat(binding.convert(List.of(example(names("A", "C"), 1, 3)))
                        .get("x")
                        .toFloatMatrix())
                .isDeepEqualTo(new float[][] {{3, 0, 1}});
    }

    @Test
    void dense_withNoFeatureOfTheNetwork_showsBothSides() {
        assertThatThrownBy(() -> new DenseInputConverter(List.of("A", "B", "C")).bind(domain("a@value"), VECTOR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 of 1 features of the domain have no place in the network, \"a@value\"")
                .hasMessageContaining("\"A\", \"B\", \"C\"");
    }

    @Test
    void dense_withANameTwice_isRefused() {
        assertThatThrownBy(() -> new DenseInputConverter(List.of("A", "A")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"A\" twice");
    }

    @Test
    void dense_forTokens_isRefused() {
        assertThatThrownBy(() -> new DenseInputConverter(List.of("A")).bind(domain("A"), TOKENS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected one input of numbers");
    }

    /** A picture of 2 x 3 with 2 channels: position 7 of NCHW is channel 1, row 0, column 1. */
    @Test
    void image_positionsRunInTheLayout() {
        List<InputSpec> inputs = List.of(InputSpec.values("x", -1, 2, -1, -1));
        InputBinding binding = new ImageInputConverter(2, 3, 2, Layout.NCHW).bind(domain("0", "7"), inputs);

        INDArray array =
                binding.convert(List.of(example(names("0", "7"), 5, 6))).get("x");

        assertThat(array.shape()).containsExactly(1, 2, 2, 3);
        assertThat(array.getDouble(0, 0, 0, 0)).isEqualTo(5);
        assertThat(array.getDouble(0, 1, 0, 1)).isEqualTo(6);
    }

    @Test
    void image_namesMayHaveZerosInFront() {
        String[] padded =
                IntStream.range(0, 12).mapToObj(i -> (i < 10 ? "0" : "") + i).toArray(String[]::new);
        List<InputSpec> inputs = List.of(InputSpec.values("x", -1, 12));
        InputBinding binding = new ImageInputConverter(2, 3, 2, Layout.NHWC).bind(domain(padded), inputs);

        assertThat(binding.convert(List.of(example(names("11"), 4))).get("x").getDouble(0, 11))
                .isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ar-EG", "fa-IR", "hi-IN-u-nu-deva", "tr-TR"})
    void names_underALocaleWithOtherDigits_areTheSame(String tag) {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag(tag));

            assertThat(TokenInputConverter.featureName("t", 7)).isEqualTo("t00007");
            assertThat(new ImageInputConverter(2, 3, 2, Layout.NHWC).featureNames(domain("01", "11")))
                    .startsWith("00", "01")
                    .endsWith("10", "11");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void image_ofOtherChannels_showsBothShapes() {
        assertThatThrownBy(() -> new ImageInputConverter(2, 3, 2, Layout.NCHW)
                        .bind(domain("0"), List.of(InputSpec.values("x", -1, 3, -1, -1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[-1, 2, 2, 3]")
                .hasMessageContaining("[-1, 3, -1, -1]");
    }

    @Test
    void tokens_areAsLongAsTheLongestOfTheBatch() {
        InputBinding binding = new TokenInputConverter("t", 4).bind(domain("t00000", "t00001", "t00002"), TOKENS);

        Map<String, INDArray> arrays = binding.convert(
                List.of(example(names("t00000"), 8), example(names("t00000", "t00001", "t00002"), 1, 5, 100)));

        assertThat(arrays.get("ids").toIntMatrix()).isDeepEqualTo(new int[][] {{7, 0, 0}, {0, 4, 99}});
        assertThat(arrays.get("mask").toFloatMatrix()).isDeepEqualTo(new float[][] {{1, 0, 0}, {1, 1, 1}});
    }

    @Test
    void tokens_withAGap_areRefused() {
        InputBinding binding = new TokenInputConverter("t", 4).bind(domain("t00000", "t00002"), TOKENS);

        assertThatThrownBy(() -> binding.convert(List.of(example(names("t00000", "t00002"), 1, 5))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a position before it has none");
    }

    @Test
    void tokens_longerThanTheNetworkTakes_areRefused() {
        assertThatThrownBy(() -> new TokenInputConverter(9).bind(domain("token-00000"), TOKENS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxLength = 9")
                .hasMessageContaining("expected at most 8");
    }

    @Test
    void protos_bringConvertersBack() {
        Helpers.testProtoSerialization(new DenseInputConverter(List.of("B", "A")));
        Helpers.testProtoSerialization(DenseInputConverter.byFeatureId());
        Helpers.testProtoSerialization(new ImageInputConverter(2, 3, 1, Layout.NHWC));
        Helpers.testProtoSerialization(new TokenInputConverter("t", 5));
    }

    @Test
    void configurations_bringConvertersBack() {
        Helpers.testConfigurableRoundtrip(new DenseInputConverter(List.of("B", "A")));
        Helpers.testConfigurableRoundtrip(new ImageInputConverter(2, 3, 1, Layout.NHWC));
        Helpers.testConfigurableRoundtrip(new TokenInputConverter("t", 5));
    }

    @Test
    void sizesBelowOne_areRefusedTogether() {
        assertThatThrownBy(() -> new ImageInputConverter(0, -1, 0, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("height = 0")
                .hasMessageContaining("width = -1")
                .hasMessageContaining("channels = 0")
                .hasMessageContaining("layout = null");
    }
}
