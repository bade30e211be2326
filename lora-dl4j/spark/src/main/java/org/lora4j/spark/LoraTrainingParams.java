/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.StringArrayParam;

/**
 * How an estimator learns.
 *
 * @param <S> the stage itself, which setters give back
 * @apiNote Status: experimental
 */
public interface LoraTrainingParams<S> extends LoraParams<S> {

    /**
     * The param of the same name: rank of the adapter.
     *
     * @return the param
     */
    default IntParam rank() {
        return (IntParam) declared("rank");
    }

    /**
     * The value of {@link #rank}.
     *
     * @return what was set, or the default
     */
    default int getRank() {
        return value("rank", Integer.class);
    }

    /**
     * Sets {@link #rank}.
     *
     * @param value the value
     * @return this stage
     */
    default S setRank(int value) {
        return with("rank", value);
    }

    /**
     * The param of the same name: alpha of the adapter, by which its update is scaled.
     *
     * @return the param
     */
    default DoubleParam alpha() {
        return (DoubleParam) declared("alpha");
    }

    /**
     * The value of {@link #alpha}.
     *
     * @return what was set, or the default
     */
    default double getAlpha() {
        return value("alpha", Double.class);
    }

    /**
     * Sets {@link #alpha}.
     *
     * @param value the value
     * @return this stage
     */
    default S setAlpha(double value) {
        return with("alpha", value);
    }

    /**
     * The param of the same name: dropout of the adapter.
     *
     * @return the param
     */
    default DoubleParam dropout() {
        return (DoubleParam) declared("dropout");
    }

    /**
     * The value of {@link #dropout}.
     *
     * @return what was set, or the default
     */
    default double getDropout() {
        return value("dropout", Double.class);
    }

    /**
     * Sets {@link #dropout}.
     *
     * @param value the value
     * @return this stage
     */
    default S setDropout(double value) {
        return with("dropout", value);
    }

    /**
     * The param of the same name: modules that get an adapter; empty for all linear ones.
     *
     * @return the param
     */
    default StringArrayParam targetModules() {
        return (StringArrayParam) declared("targetModules");
    }

    /**
     * The value of {@link #targetModules}.
     *
     * @return what was set, or the default
     */
    default String[] getTargetModules() {
        return value("targetModules", String[].class);
    }

    /**
     * Sets {@link #targetModules}.
     *
     * @param value the value
     * @return this stage
     */
    default S setTargetModules(String[] value) {
        return with("targetModules", value);
    }

    /**
     * The param of the same name: the most epochs, 0 for the usual number of the task.
     *
     * @return the param
     */
    default IntParam epochs() {
        return (IntParam) declared("epochs");
    }

    /**
     * The value of {@link #epochs}.
     *
     * @return what was set, or the default
     */
    default int getEpochs() {
        return value("epochs", Integer.class);
    }

    /**
     * Sets {@link #epochs}.
     *
     * @param value the value
     * @return this stage
     */
    default S setEpochs(int value) {
        return with("epochs", value);
    }

    /**
     * The param of the same name: epochs without improvement after which training stops, 0 for the usual number of the task.
     *
     * @return the param
     */
    default IntParam patience() {
        return (IntParam) declared("patience");
    }

    /**
     * The value of {@link #patience}.
     *
     * @return what was set, or the default
     */
    default int getPatience() {
        return value("patience", Integer.class);
    }

    /**
     * Sets {@link #patience}.
     *
     * @param value the value
     * @return this stage
     */
    default S setPatience(int value) {
        return with("patience", value);
    }

    /**
     * The param of the same name: the most examples of a batch, 0 for the usual number of the task.
     *
     * @return the param
     */
    default IntParam batchSize() {
        return (IntParam) declared("batchSize");
    }

    /**
     * The value of {@link #batchSize}.
     *
     * @return what was set, or the default
     */
    default int getBatchSize() {
        return value("batchSize", Integer.class);
    }

    /**
     * Sets {@link #batchSize}.
     *
     * @param value the value
     * @return this stage
     */
    default S setBatchSize(int value) {
        return with("batchSize", value);
    }

    /**
     * The param of the same name: the highest learning rate, 0 for the usual one of the task.
     *
     * @return the param
     */
    default DoubleParam learningRate() {
        return (DoubleParam) declared("learningRate");
    }

    /**
     * The value of {@link #learningRate}.
     *
     * @return what was set, or the default
     */
    default double getLearningRate() {
        return value("learningRate", Double.class);
    }

    /**
     * Sets {@link #learningRate}.
     *
     * @param value the value
     * @return this stage
     */
    default S setLearningRate(double value) {
        return with("learningRate", value);
    }

    /**
     * The param of the same name: share of the examples that is kept back to choose the best epoch by, -1 for the usual one.
     *
     * @return the param
     */
    default DoubleParam validationFraction() {
        return (DoubleParam) declared("validationFraction");
    }

    /**
     * The value of {@link #validationFraction}.
     *
     * @return what was set, or the default
     */
    default double getValidationFraction() {
        return value("validationFraction", Double.class);
    }

    /**
     * Sets {@link #validationFraction}.
     *
     * @param value the value
     * @return this stage
     */
    default S setValidationFraction(double value) {
        return with("validationFraction", value);
    }

    /**
     * The param of the same name: column that is true for rows to choose by, which are not learned from; empty for none.
     *
     * @return the param
     */
    default Param<String> validationIndicatorCol() {
        return text("validationIndicatorCol");
    }

    /**
     * The value of {@link #validationIndicatorCol}.
     *
     * @return what was set, or the default
     */
    default String getValidationIndicatorCol() {
        return value("validationIndicatorCol", String.class);
    }

    /**
     * Sets {@link #validationIndicatorCol}.
     *
     * @param value the value
     * @return this stage
     */
    default S setValidationIndicatorCol(String value) {
        return with("validationIndicatorCol", value);
    }

    /**
     * The param of the same name: seed of everything random.
     *
     * @return the param
     */
    default LongParam seed() {
        return (LongParam) declared("seed");
    }

    /**
     * The value of {@link #seed}.
     *
     * @return what was set, or the default
     */
    default long getSeed() {
        return value("seed", Long.class);
    }

    /**
     * Sets {@link #seed}.
     *
     * @param value the value
     * @return this stage
     */
    default S setSeed(long value) {
        return with("seed", value);
    }
}
