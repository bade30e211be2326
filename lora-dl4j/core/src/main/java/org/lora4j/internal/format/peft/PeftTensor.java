/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.DoraMethod;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.KasaMethod;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.TokenRowsMethod;

/**
 * A tensor of one module that lora4j understands. Those of LoRA and of token rows have names here, as they have rules of their own;
 * the others are what the table of methods says.
 *
 * @param suffix what follows the module's path in a key, such as {@code lora_A.weight}
 * @param peftType PEFT's name of the method whose tensor it is, such as {@code LORA}
 * @param isInteger whether the elements are integers in files
 * @apiNote Status: internal
 */
public record PeftTensor(String suffix, String peftType, boolean isInteger) {

    /** A of a linear module [rank, in] or of a convolution [rank, in, k...]. */
    public static final PeftTensor LORA_A = ofLora(LoraMethod.A);

    /** B of a linear module [out, rank] or of a convolution [out, rank, 1...]. */
    public static final PeftTensor LORA_B = ofLora(LoraMethod.B);

    /** A of an embedding [rank, vocabulary]. */
    public static final PeftTensor EMBEDDING_A = ofLora(LoraMethod.EMBEDDING_A);

    /** B of an embedding [dimension, rank]. */
    public static final PeftTensor EMBEDDING_B = ofLora(LoraMethod.EMBEDDING_B);

    /** The bias of B [out]; PEFT's {@code lora_bias}. */
    public static final PeftTensor LORA_B_BIAS = ofLora(LoraMethod.B_BIAS);

    /** DoRA's magnitudes: linear [out], convolution [1, out, 1...], embedding [dimension]. */
    public static final PeftTensor MAGNITUDE = ofLora(DoraMethod.MAGNITUDE);

    /** KaSA's diagonal between A and B [rank]. */
    public static final PeftTensor DIAGONAL = ofLora(KasaMethod.DIAGONAL);

    /** Rows of an embedding that replace the base's [number of rows, dimension]. */
    public static final PeftTensor TOKEN_ROWS = ofLora(TokenRowsMethod.ROWS);

    /** The same rows where they are all that is trained. Adapters know both as {@link #TOKEN_ROWS}. */
    public static final PeftTensor TOKEN_ROWS_ALONE =
            new PeftTensor("trainable_tokens_delta", "TRAINABLE_TOKENS", false);

    private static final Map<String, PeftTensor> NAMED = Stream.of(
                    LORA_A,
                    LORA_B,
                    EMBEDDING_A,
                    EMBEDDING_B,
                    LORA_B_BIAS,
                    MAGNITUDE,
                    DIAGONAL,
                    TOKEN_ROWS,
                    TOKEN_ROWS_ALONE)
            .collect(Collectors.toMap(PeftTensor::suffix, Function.identity()));

    private static final Map<PeftTensor, PeftTensor> PARTNERS = Map.of(
            LORA_A, LORA_B, LORA_B_BIAS, LORA_B, LORA_B, LORA_A, EMBEDDING_A, EMBEDDING_B, EMBEDDING_B, EMBEDDING_A);

    private static PeftTensor ofLora(String suffix) {
        return new PeftTensor(suffix, "LORA", false);
    }

    /**
     * The tensor without which this one means nothing.
     *
     * @return B for A and A for B, B for its bias; empty for tensors that go with either kind of pair or with none
     */
    public Optional<PeftTensor> partner() {
        return Optional.ofNullable(PARTNERS.get(this));
    }

    /**
     * Finds a tensor by its suffix.
     *
     * @return the tensor, or empty if there is none
     */
    public static Optional<PeftTensor> ofSuffix(String suffix) {
        return Optional.ofNullable(NAMED.get(suffix))
                .or(() -> AdapterMethods.withTensor(suffix)
                        .map(method ->
                                new PeftTensor(suffix, method.peftType(), method.is(suffix, FactorTrait.INTEGER))));
    }
}
