/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Learns to tell the label of a vector by an adapter over a network of Deeplearning4j or a SameDiff graph, which gives a probability for each
 * label.
 *
 * @apiNote Status: experimental
 */
public final class LoraClassifier extends LoraEstimator<LoraClassifier, LoraClassificationModel>
        implements LoraFeatureParams<LoraClassifier>,
                LoraSavedModuleParams<LoraClassifier>,
                LoraLabelParams<LoraClassifier>,
                LoraPartsParams<LoraClassifier>,
                LoraDistributedParams<LoraClassifier>,
                LoraClassParams<LoraClassifier> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(
            ParamRows.needed("checkpoint", ParamRows.BASE),
            ParamRows.FEATURES,
            ParamRows.TRAINING,
            ParamRows.SAVED_MODULES,
            ParamRows.LABEL,
            ParamRows.PREDICTION,
            ParamRows.CLASSES,
            ParamRows.PARTS,
            ParamRows.DISTRIBUTED);

    /** With a name of its own. */
    public LoraClassifier() {
        this(Identifiable$.MODULE$.randomUID("loraClassifier"));
    }

    /**
     * With a given name.
     *
     * @param uid a name that no other stage has
     */
    public LoraClassifier(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new VectorClassifierTask();
    }

    @Override
    LoraClassificationModel model(SavedFiles files, Facts facts) {
        return new LoraClassificationModel(uid()).holding(files, facts);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the estimator
     */
    public static LoraClassifier load(String path) {
        return read().load(path);
    }
}
