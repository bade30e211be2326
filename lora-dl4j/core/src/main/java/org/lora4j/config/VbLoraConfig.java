/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * An adapter of VB-LoRA: the factors of LoRA are put together from vectors of a bank that all modules share. lora4j uses and
 * merges such adapters and trains none.
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Li et al. 2024, VB-LoRA: Extreme Parameter Efficient Fine-Tuning with Vector Banks, arXiv 2405.15179.
 *
 * @apiNote Status: experimental
 */
public final class VbLoraConfig extends AdapterConfig {

    private static final Field<Integer> RANK = new Field<>("rank", "r", FieldType.RANK, 4);
    private static final Field<Integer> VECTORS = new Field<>("vectors", "num_vectors", FieldType.RANK, 256);
    private static final Field<Integer> VECTOR_LENGTH =
            new Field<>("vectorLength", "vector_length", FieldType.RANK, 256);
    private static final Field<Integer> TOP = new Field<>("top", "topk", FieldType.RANK, 2);
    private static final Field<Boolean> SAVE_TOP =
            new Field<>("saveTop", "save_only_topk_weights", FieldType.FLAG, false);
    private static final List<Field<?>> FIELDS = Field.table(
            MODULES_AND_LAYERS,
            RANK,
            VECTORS,
            VECTOR_LENGTH,
            TOP,
            SAVE_TOP,
            DROPOUT.as("vblora_dropout"),
            BIAS,
            FAN_IN_FAN_OUT);

    private VbLoraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: rank 4, 256 vectors of 256 values of which 2 count, no targets.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Builder toBuilder() {
        return builder().from(this);
    }

    @Override
    public int rankOf(String modulePath) {
        return get(RANK);
    }

    /**
     * The number of vectors in the bank (PEFT: {@code num_vectors}).
     *
     * @return 1 or more
     */
    public int vectors() {
        return get(VECTORS);
    }

    /**
     * The number of values in a vector (PEFT: {@code vector_length}).
     *
     * @return 1 or more; it divides the inputs and the outputs of adapted modules
     */
    public int vectorLength() {
        return get(VECTOR_LENGTH);
    }

    /**
     * How many vectors are mixed in each place (PEFT: {@code topk}).
     *
     * @return 1 or more
     */
    public int top() {
        return get(TOP);
    }

    /**
     * Whether files hold the vectors that count and their weights in the place of all logits (PEFT: {@code
     * save_only_topk_weights}).
     *
     * @return false by default
     */
    public boolean saveTop() {
        return get(SAVE_TOP);
    }

    @Override
    public List<String> obstaclesToTraining() {
        return List.of("VB-LoRA trains a bank that modules share, which lora4j does not, expected another method");
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("VBLORA", FIELDS);
        }

        @Override
        void checkTogether(Problems problems) {
            problems.check(
                    get(TOP) <= get(VECTORS),
                    "top = " + get(TOP) + ", expected at most the number of vectors, " + get(VECTORS));
        }

        /**
         * Sets the rank of the update.
         *
         * @param rank 1 or more; 4 by default
         * @return this builder
         */
        public Builder rank(int rank) {
            return set(RANK, rank);
        }

        /**
         * Sets the bank.
         *
         * @param number number of vectors, 1 or more; 256 by default
         * @param length number of values of each, 1 or more; 256 by default
         * @param top how many of them are mixed in each place, 1 or more; 2 by default
         * @return this builder
         */
        public Builder bank(int number, int length, int top) {
            return set(VECTORS, number).set(VECTOR_LENGTH, length).set(TOP, top);
        }

        /**
         * Sets whether files hold the vectors that count and their weights in the place of all logits.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder saveTop(boolean flag) {
            return set(SAVE_TOP, flag);
        }

        @Override
        public VbLoraConfig build() {
            return new VbLoraConfig(this);
        }
    }
}
