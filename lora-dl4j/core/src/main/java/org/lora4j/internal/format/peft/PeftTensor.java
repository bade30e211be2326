/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import java.util.Optional;
import java.util.stream.Stream;

/**
 * The tensors of one module that lora4j understands: this table is where another one is added.
 *
 * @apiNote Status: internal
 */
public enum PeftTensor {
    /** A of a linear module [rank, in] or of a convolution [rank, in, k...]. */
    LORA_A("lora_A.weight"),
    /** B of a linear module [out, rank] or of a convolution [out, rank, 1...]. */
    LORA_B("lora_B.weight"),
    /** A of an embedding [rank, vocabulary]. */
    EMBEDDING_A("lora_embedding_A"),
    /** B of an embedding [dimension, rank]. */
    EMBEDDING_B("lora_embedding_B"),
    /** The bias of B [out]; PEFT's {@code lora_bias}. */
    LORA_B_BIAS("lora_B.bias"),
    /** DoRA's magnitudes: linear [out], convolution [1, out, 1...], embedding [dimension]. */
    MAGNITUDE("lora_magnitude_vector"),
    /** KaSA's diagonal between A and B [rank]. */
    DIAGONAL("lora_diag"),
    /** Rows of an embedding that replace the base's [number of rows, dimension]. */
    TOKEN_ROWS("token_adapter.trainable_tokens_delta"),
    /** The same rows where they are all that is trained. Adapters know both as {@link #TOKEN_ROWS}. */
    TOKEN_ROWS_ALONE("trainable_tokens_delta", "TRAINABLE_TOKENS"),
    /** The vector of (IA)³: linear [out, 1] or [1, in], convolution [1, out or in, 1...]. */
    IA3_L("ia3_l", "IA3"),
    /** The core of LoHa's first product [rank, rank, k...]. */
    HADA_T1("hada_t1", "LOHA"),
    /** The core of LoHa's second product [rank, rank, k...]. */
    HADA_T2("hada_t2", "LOHA"),
    /** LoHa's first product, next to the output [out, rank], with a core [rank, out]. */
    HADA_W1_A("hada_w1_a", "LOHA"),
    /** LoHa's first product, next to the input [rank, in * window], with a core [rank, in]. */
    HADA_W1_B("hada_w1_b", "LOHA"),
    /** LoHa's second product, next to the output. */
    HADA_W2_A("hada_w2_a", "LOHA"),
    /** LoHa's second product, next to the input. */
    HADA_W2_B("hada_w2_b", "LOHA"),
    /** LoKr's left side, whole [out parts, in parts]. */
    LOKR_W1("lokr_w1", "LOKR"),
    /** LoKr's left side, next to the output [out parts, rank]. */
    LOKR_W1_A("lokr_w1_a", "LOKR"),
    /** LoKr's left side, next to the input [rank, in parts]. */
    LOKR_W1_B("lokr_w1_b", "LOKR"),
    /** LoKr's right side, whole [out of a part, in of a part, k...]. */
    LOKR_W2("lokr_w2", "LOKR"),
    /** LoKr's right side, next to the output [out of a part, rank], with a core [rank, out of a part]. */
    LOKR_W2_A("lokr_w2_a", "LOKR"),
    /** LoKr's right side, next to the input [rank, in of a part * window], with a core [rank, in of a part]. */
    LOKR_W2_B("lokr_w2_b", "LOKR"),
    /** The core of LoKr's right side [rank, rank, k...]. */
    LOKR_T2("lokr_t2", "LOKR"),
    /** The matrix that parts share in MiSS [rank, out], repeated [rank, m], in blocks [out / rank, rank, rank]. */
    MISS_BLOCK("miss_block", "MISS"),
    /** A of HiRA, of a linear module [rank, in] or of a convolution [rank, in, k...]. */
    HIRA_A("hira_A", "HIRA"),
    /** B of HiRA [out, rank], of a convolution [out, rank, 1...]. */
    HIRA_B("hira_B", "HIRA"),
    /** A of HiRA of an embedding [rank, vocabulary]. */
    HIRA_EMBEDDING_A("hira_embedding_A", "HIRA"),
    /** B of HiRA of an embedding [dimension, rank]. */
    HIRA_EMBEDDING_B("hira_embedding_B", "HIRA"),
    /** VeRA's vector next to the output [out]. */
    VERA_LAMBDA_B("vera_lambda_b", "VERA"),
    /** VeRA's vector between the projections [rank]. */
    VERA_LAMBDA_D("vera_lambda_d", "VERA"),
    /** VeRA's projection next to the input, of all modules [rank, in]. */
    VERA_A("vera_A", "VERA"),
    /** VeRA's projection next to the output, of all modules [out, rank]. */
    VERA_B("vera_B", "VERA"),
    /** PVeRA's vector next to the output [out]. */
    PVERA_LAMBDA_B("pvera_lambda_b", "PVERA"),
    /** PVeRA's vector between the projections, for mean and logarithm of the variance [2 rank]. */
    PVERA_LAMBDA_D("pvera_lambda_d", "PVERA"),
    /** PVeRA's projection next to the input, of all modules [2 rank, in]. */
    PVERA_A("pvera_A", "PVERA"),
    /** PVeRA's projection next to the output, of all modules [out, rank]. */
    PVERA_B("pvera_B", "PVERA"),
    /** RandLoRA's weights of the bases [rank, bases]. */
    RANDLORA_LAMBDA("randlora_lambda", "RANDLORA"),
    /** RandLoRA's weights along the smaller side [bases, min(in, out)]. */
    RANDLORA_GAMMA("randlora_gamma", "RANDLORA"),
    /** RandLoRA's projection of the smaller side, of all modules [rank, 1, min]. */
    RANDLORA_A("randlora_A", "RANDLORA"),
    /** RandLoRA's projections of the larger side, of all modules [max, bases, rank]. */
    RANDLORA_B("randlora_B", "RANDLORA"),
    /** The values of SHiRA [number]. */
    SHIRA_WEIGHT("shira_weight", "SHIRA"),
    /** The places of SHiRA's values, integers: rows, then columns [2, number]. */
    SHIRA_INDICES("shira_indices", "SHIRA"),
    /** AdaLoRA's rows next to the input [rank, in * window]. */
    ADALORA_A("lora_A", "ADALORA"),
    /** AdaLoRA's columns next to the output [out, rank]. */
    ADALORA_B("lora_B", "ADALORA"),
    /** AdaLoRA's values between the two [rank, 1]. */
    ADALORA_E("lora_E", "ADALORA"),
    /** The blocks of GraLoRA next to the input [k, in / k, rank]. */
    GRALORA_A("gralora_A", "GRALORA"),
    /** The blocks of GraLoRA next to the output [k, rank, out / k]. */
    GRALORA_B("gralora_B", "GRALORA"),
    /** A of the whole weight in GraLoRA [hybrid rank, in]. */
    GRALORA_A_GENERAL("gralora_A_general.weight", "GRALORA"),
    /** B of the whole weight in GraLoRA [out, hybrid rank]. */
    GRALORA_B_GENERAL("gralora_B_general.weight", "GRALORA"),
    /** A of DeLoRA [rank, in]. */
    DELORA_A("delora_A", "DELORA"),
    /** B of DeLoRA [out, rank]. */
    DELORA_B("delora_B", "DELORA"),
    /** The length of the update of DeLoRA [1]. */
    DELORA_LAMBDA("delora_lambda", "DELORA"),
    /** The lengths of the columns of the weight, in DeLoRA [in]. */
    DELORA_W_NORM("delora_w_norm", "DELORA"),
    /** The vectors of the circulant blocks of C3A [out / size, in / size, size]. */
    C3A_KERNEL("c3a_kernel", "C3A"),
    /** RoAD's angles [out / 2], [out] or [2 out]. */
    ROAD_THETA("road_theta", "ROAD"),
    /** RoAD's scales, as many. */
    ROAD_ALPHA("road_alpha", "ROAD"),
    /** OFT's skew matrices, what is above their diagonals [blocks, size (size - 1) / 2]. */
    OFT_R("oft_R.weight", "OFT"),
    /** HRA's normals [in * window, rank]. */
    HRA_U("hra_u", "HRA"),
    /** BOFT's matrices [factors, blocks, size, size]. */
    BOFT_R("boft_R", "BOFT"),
    /** BOFT's scales [out, 1], convolution [1, out]. */
    BOFT_S("boft_s", "BOFT"),
    /** FourierFT's coefficients [number]. */
    FOURIERFT_SPECTRUM("fourierft_spectrum", "FOURIERFT"),
    /** The places of FourierFT's coefficients, integers: rows, then columns [2, number]; in no file of PEFT's. */
    FOURIERFT_INDICES("fourierft_indices", "FOURIERFT"),
    /** VB-LoRA's logits next to the input [rank, in / length, vectors]. */
    VBLORA_LOGITS_A("vblora_logits_A", "VBLORA"),
    /** VB-LoRA's logits next to the output [out / length, rank, vectors]. */
    VBLORA_LOGITS_B("vblora_logits_B", "VBLORA"),
    /** VB-LoRA's vectors that are mixed next to the input, integers [rank, in / length, top]. */
    VBLORA_INDICES_A("vblora_logits_A_topk_indices", "VBLORA"),
    /** VB-LoRA's vectors that are mixed next to the output, integers [out / length, rank, top]. */
    VBLORA_INDICES_B("vblora_logits_B_topk_indices", "VBLORA"),
    /** VB-LoRA's weights of all but the last of them [rank, in / length, top - 1]. */
    VBLORA_WEIGHTS_A("vblora_logits_A_topk_weights", "VBLORA"),
    /** VB-LoRA's weights of all but the last of them [out / length, rank, top - 1]. */
    VBLORA_WEIGHTS_B("vblora_logits_B_topk_weights", "VBLORA"),
    /** VB-LoRA's vectors, of all modules [vectors, length]. */
    VBLORA_BANK("vblora_vector_bank", "VBLORA");

    private final String suffix;
    private final String peftType;

    PeftTensor(String suffix) {
        this(suffix, "LORA");
    }

    PeftTensor(String suffix, String peftType) {
        this.suffix = suffix;
        this.peftType = peftType;
    }

    /**
     * PEFT's name of the method whose tensor it is.
     *
     * @return such as {@code LORA}
     */
    public String peftType() {
        return peftType;
    }

    /**
     * Whether the elements are integers in files.
     *
     * @return false for what learns
     */
    public boolean isInteger() {
        return switch (this) {
            case SHIRA_INDICES, FOURIERFT_INDICES, VBLORA_INDICES_A, VBLORA_INDICES_B -> true;
            default -> false;
        };
    }

    /**
     * What follows the module's path in a key.
     *
     * @return such as {@code lora_A.weight}
     */
    public String suffix() {
        return suffix;
    }

    /**
     * The tensor without which this one means nothing.
     *
     * @return B for A and A for B, B for its bias; empty for tensors that go with either kind of pair or with none
     */
    public Optional<PeftTensor> partner() {
        return Optional.ofNullable(
                switch (this) {
                    case LORA_A, LORA_B_BIAS -> LORA_B;
                    case LORA_B -> LORA_A;
                    case EMBEDDING_A -> EMBEDDING_B;
                    case EMBEDDING_B -> EMBEDDING_A;
                    default -> null;
                });
    }

    /**
     * Finds a tensor by its suffix.
     *
     * @param suffix what follows the module's path
     * @return the tensor, or empty if there is none
     */
    public static Optional<PeftTensor> ofSuffix(String suffix) {
        return Stream.of(values())
                .filter(tensor -> tensor.suffix.equals(suffix))
                .findFirst();
    }
}
