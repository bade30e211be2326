/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Learns to tell the label of a text: {@code org.lora4j.text.TextClassifier} as an estimator of Spark ML.
 *
 * <p>Labels are texts, or indices, whose names are taken from the column's attribute if it has one. Predictions are indices with such an
 * attribute: of text labels in alphabetical order.
 *
 * @apiNote Status: experimental
 */
public final class LoraTextClassifier extends LoraEstimator<LoraTextClassifier, LoraTextClassificationModel>
        implements LoraTextParams<LoraTextClassifier>,
                LoraDistributedParams<LoraTextClassifier>,
                LoraPartsParams<LoraTextClassifier>,
                LoraLabelParams<LoraTextClassifier>,
                LoraWeightParams<LoraTextClassifier>,
                LoraHeadParams<LoraTextClassifier>,
                LoraClassParams<LoraTextClassifier> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(
            ParamRows.BASE,
            ParamRows.TEXT,
            ParamRows.TRAINING,
            ParamRows.DISTRIBUTED,
            ParamRows.PARTS,
            ParamRows.LABEL,
            ParamRows.WEIGHT,
            ParamRows.HEAD,
            ParamRows.PREDICTION,
            ParamRows.CLASSES);

    /** With a name of its own. */
    public LoraTextClassifier() {
        this(Identifiable$.MODULE$.randomUID("loraTextClassifier"));
    }

    /**
     * With a given name.
     *
     * @param uid a name that no other stage has
     */
    public LoraTextClassifier(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new ClassifierTask();
    }

    @Override
    LoraTextClassificationModel model(SavedFiles files, Facts facts) {
        return new LoraTextClassificationModel(uid()).holding(files, facts);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraTextClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the estimator
     */
    public static LoraTextClassifier load(String path) {
        return read().load(path);
    }
}
