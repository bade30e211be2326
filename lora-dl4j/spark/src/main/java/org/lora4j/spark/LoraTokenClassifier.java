/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Learns to tag words: {@code org.lora4j.text.TokenClassifier} as an estimator of Spark ML. Texts are texts or arrays of words, labels
 * arrays with the tag of each word.
 *
 * @apiNote Status: experimental
 */
public final class LoraTokenClassifier extends LoraEstimator<LoraTokenClassifier, LoraTokenClassificationModel>
        implements LoraTextParams<LoraTokenClassifier>,
                LoraDistributedParams<LoraTokenClassifier>,
                LoraPartsParams<LoraTokenClassifier>,
                LoraLabelParams<LoraTokenClassifier>,
                LoraHeadParams<LoraTokenClassifier>,
                LoraTagParams<LoraTokenClassifier> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(
            ParamRows.BASE,
            ParamRows.TEXT,
            ParamRows.TRAINING,
            ParamRows.DISTRIBUTED,
            ParamRows.PARTS,
            ParamRows.LABEL,
            ParamRows.HEAD,
            ParamRows.PREDICTION,
            ParamRows.TAGS);

    /** With a name of its own. */
    public LoraTokenClassifier() {
        this(Identifiable$.MODULE$.randomUID("loraTokenClassifier"));
    }

    /**
     * With a given name.
     *
     * @param uid a name that no other stage has
     */
    public LoraTokenClassifier(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new TaggerTask();
    }

    @Override
    LoraTokenClassificationModel model(SavedFiles files, Facts facts) {
        return new LoraTokenClassificationModel(uid()).holding(files, facts);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraTokenClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the estimator
     */
    public static LoraTokenClassifier load(String path) {
        return read().load(path);
    }
}
