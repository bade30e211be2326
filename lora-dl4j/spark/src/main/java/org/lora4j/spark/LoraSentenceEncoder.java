/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Learns vectors of texts: {@code org.lora4j.text.SentenceEncoder} as an estimator of Spark ML. It learns from texts that belong together,
 * or from pairs with a similarity.
 *
 * @apiNote Status: experimental
 */
public final class LoraSentenceEncoder extends LoraEstimator<LoraSentenceEncoder, LoraSentenceEncoderModel>
        implements LoraTextParams<LoraSentenceEncoder>,
                LoraDistributedParams<LoraSentenceEncoder>,
                LoraPairParams<LoraSentenceEncoder>,
                LoraVectorParams<LoraSentenceEncoder> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(
            ParamRows.BASE,
            ParamRows.TEXT,
            ParamRows.TRAINING,
            ParamRows.DISTRIBUTED,
            ParamRows.PAIRS,
            ParamRows.VECTOR);

    /** With a name of its own. */
    public LoraSentenceEncoder() {
        this(Identifiable$.MODULE$.randomUID("loraSentenceEncoder"));
    }

    /**
     * With a given name.
     *
     * @param uid a name that no other stage has
     */
    public LoraSentenceEncoder(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new SentenceTask();
    }

    @Override
    LoraSentenceEncoderModel model(SavedFiles files, Facts facts) {
        return new LoraSentenceEncoderModel(uid()).holding(files, facts);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraSentenceEncoder> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the estimator
     */
    public static LoraSentenceEncoder load(String path) {
        return read().load(path);
    }
}
