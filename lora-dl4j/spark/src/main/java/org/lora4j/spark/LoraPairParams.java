/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;

/**
 * What sentence encoders learn from.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraPairParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: column of the texts that belong to those of textCol.
     *
     * @return the param
     */
    default Param<String> positiveCol() {
        return text("positiveCol");
    }

    /**
     * The value of {@link #positiveCol}.
     *
     * @return what was set, or the default
     */
    default String getPositiveCol() {
        return value("positiveCol", String.class);
    }

    /**
     * Sets {@link #positiveCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setPositiveCol(String value) {
        return with("positiveCol", value);
    }

    /**
     * The param of the same name: column of how near both texts are, -1 to 1; empty if they belong together.
     *
     * @return the param
     */
    default Param<String> similarityCol() {
        return text("similarityCol");
    }

    /**
     * The value of {@link #similarityCol}.
     *
     * @return what was set, or the default
     */
    default String getSimilarityCol() {
        return value("similarityCol", String.class);
    }

    /**
     * Sets {@link #similarityCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setSimilarityCol(String value) {
        return with("similarityCol", value);
    }

    /**
     * The param of the same name: column of groups: texts of one group are never taken for negatives of each other; empty for none.
     *
     * @return the param
     */
    default Param<String> groupCol() {
        return text("groupCol");
    }

    /**
     * The value of {@link #groupCol}.
     *
     * @return what was set, or the default
     */
    default String getGroupCol() {
        return value("groupCol", String.class);
    }

    /**
     * Sets {@link #groupCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setGroupCol(String value) {
        return with("groupCol", value);
    }

    /**
     * The param of the same name: the most tokens of a batch that are computed at once, padding included; workers share such parts; 0 for the
     * usual number.
     *
     * @return the param
     */
    default IntParam tokenBudget() {
        return (IntParam) declared("tokenBudget");
    }

    /**
     * The value of {@link #tokenBudget}.
     *
     * @return what was set, or the default
     */
    default int getTokenBudget() {
        return value("tokenBudget", Integer.class);
    }

    /**
     * Sets {@link #tokenBudget}.
     *
     * @param value the value
     * @return this stage
     */
    default S setTokenBudget(int value) {
        return with("tokenBudget", value);
    }
}
