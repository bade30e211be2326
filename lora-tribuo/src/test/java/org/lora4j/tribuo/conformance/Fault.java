/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.Set;

/**
 * What may be wrong with a {@link FaultyTrainer} and its models, each with the tests that must notice it. Constants have
 * no bodies, as OLCUT cannot read those back.
 */
enum Fault {
    /** All is well. */
    NONE,

    /** The trainer starts every run from the same numbers, whatever its seed. */
    IGNORES_SEED("train_withAnotherSeed_givesAnotherModel"),

    /** The weights stay what they are at the start. */
    DOES_NOT_LEARN(
            "train_onDenseExamples_learnsThem",
            "train_onSparseExamples_learnsThem",
            "train_onOneDraw_predictsAnotherDraw",
            "train_onExamplesInReverseOrder_learnsThemToo",
            "train_onViewOfOneOutput_keepsTheParentsOutputsAndPredictsTheOne",
            "train_onFeaturesOfMinimumCardinality_learnsFromThoseThatAreLeft",
            "train_onWeightedExamples_followsTheHeavierOnes",
            "train_withAnotherSeed_givesAnotherModel",
            "train_again_givesAnotherModelAndLeavesTheFirst",
            "crossValidation_learnsInEveryFold",
            "bagging_learnsWithMembersThatDiffer",
            "boosting_learnsWithMembersThatDiffer",
            "hashing_keepsTheHashedNamesAndLearns",
            "transformation_learnsAndReadsBackTheSameBits"),

    /** The trainer draws from numbers that all trainers share. */
    DRAWS_FROM_GLOBAL_STATE(
            "train_leavesSharedRandomNumbersAlone",
            "train_withEqualSeedAndEqualExamples_givesTheSameBits",
            "setInvocationCount_thenTrain_repeatsTheTrainingOfThatCount",
            "train_withInvocationCount_repeatsTheTrainingOfThatCountAndGoesOnFromIt",
            "train_afterOtherExamples_equalsTheSameTrainingAfterThese",
            "train_fromEightThreads_equalsTheTrainingsInTurn",
            "trainer_fromItsXml_trainsTheSameBits",
            "reproduce_fromTheProvenanceOfALaterTraining_givesTheSameBits",
            "reproduce_fromAModelReadBack_givesTheSameBits",
            "crossValidation_again_givesTheSameBits",
            "bagging_again_givesTheSameBits"),

    /** The trainer does the same in every training. */
    REPEATS_ITSELF("train_again_givesAnotherModelAndLeavesTheFirst"),

    /** The provenance is taken after the count has moved. */
    RECORDS_THE_NEXT_COUNT(
            "provenance_recordsTheCountBeforeTheTraining",
            "modelProvenance_namesModelTrainerAndDataset",
            "train_fromEightThreads_equalsTheTrainingsInTurn",
            "reproduce_fromTheProvenanceOfALaterTraining_givesTheSameBits",
            "reproduce_fromAModelReadBack_givesTheSameBits"),

    /** Trainings that name their count are not counted. */
    SKIPS_NAMED_COUNTS(
            "train_withInvocationCount_repeatsTheTrainingOfThatCountAndGoesOnFromIt",
            "bagging_countsItsMembersAsTrainings"),

    /** The count stays at two. */
    STOPS_COUNTING(
            "invocationCount_startsAtZeroAndCountsEveryTraining",
            "setInvocationCount_isWhatTheTrainerCountsFrom",
            "train_withInvocationCount_repeatsTheTrainingOfThatCountAndGoesOnFromIt",
            "train_fromEightThreads_equalsTheTrainingsInTurn",
            "provenance_recordsTheCountBeforeTheTraining",
            "bagging_countsItsMembersAsTrainings"),

    /** A count can be set to a higher one only. */
    KEEPS_HIGHEST_COUNT(
            "setInvocationCount_isWhatTheTrainerCountsFrom",
            "setInvocationCount_thenTrain_repeatsTheTrainingOfThatCount"),

    /** Trainings that are refused are counted. */
    COUNTS_REFUSALS("invocationCount_whenATrainingIsRejected_staysAsItWas"),

    /** A count below zero is taken for zero. */
    ACCEPTS_NEGATIVE_COUNT("setInvocationCount_whenNegative_isRejectedAndChangesNothing"),

    /** Nothing keeps two threads from training under the same count. */
    RACES("train_fromEightThreads_equalsTheTrainingsInTurn"),

    /** Unknown outputs are left out in silence. */
    SKIPS_UNKNOWN_OUTPUTS("train_onUnknownOutputs_isRejected", "invocationCount_whenATrainingIsRejected_staysAsItWas"),

    /** An empty data set gives a model. */
    LEARNS_NOTHING("train_onNoExamples_isRejected"),

    /** Examples with a feature that is not a number are left out in silence. */
    SKIPS_NAN("train_onNaN_isRejected", "train_onNaNInSparseExamples_isRejected"),

    /** Infinite features are learned. */
    LEARNS_INFINITY("train_onInfinity_isRejected", "train_onNegativeInfinityInSparseExamples_isRejected"),

    /** Weights are ignored. */
    IGNORES_WEIGHTS("train_onWeightedExamples_followsTheHeavierOnes"),

    /** A view is learned as if there were no other outputs than those in it. */
    FORGETS_PARENTS_OUTPUTS("train_onViewOfOneOutput_keepsTheParentsOutputsAndPredictsTheOne"),

    /** The trainer leaves a mark in the examples. */
    MARKS_TRAINING_EXAMPLES("train_leavesTheDatasetAsItWas"),

    /** What the caller says of the run is lost. */
    DROPS_RUN_PROVENANCE("modelProvenance_keepsWhatTheCallerSaysOfTheRun"),

    /** The provenance of the trainer tells another seed. */
    MISSTATES_SEED(
            "trainer_asConfiguration_isWhatItsProvenanceSays",
            "trainerProvenance_ofEqualTrainers_isEqualAndTellsSeedsApart",
            "reproduce_fromTheProvenanceOfALaterTraining_givesTheSameBits",
            "reproduce_fromAModelReadBack_givesTheSameBits"),

    /** The provenance of the trainer cannot be read again. */
    UNREADABLE_PROVENANCE(
            "trainerProvenance_marshalled_isTheSame",
            "reproduce_fromAModelReadBack_givesTheSameBits",
            "model_copied_predictsTheSameUnderItsOwnName",
            "javaSerialization_passesTribuosOwnAssertions",
            "proto_passesTribuosOwnAssertions",
            "proto_readBack_predictsTheSameBits",
            "proto_readAndWrittenThrice_predictsTheSameBits",
            "proto_ofALaterVersion_isRejected",
            "file_readBack_predictsTheSameBits",
            "bagging_readBack_predictsTheSameBits",
            "boosting_readBack_predictsTheSameBits",
            "hashing_readBackWithItsSalt_predictsTheSameBits",
            "transformation_learnsAndReadsBackTheSameBits"),

    /** The model tells a new time of its training whenever it is asked. */
    DATES_PROVENANCE_ANEW(
            "evaluation_namesTheModelThatItMeasured",
            "model_copied_predictsTheSameUnderItsOwnName",
            "proto_passesTribuosOwnAssertions",
            "proto_readAndWrittenThrice_predictsTheSameBits",
            "javaSerialization_passesTribuosOwnAssertions",
            "javaSerialization_readBack_predictsTheSameBits"),

    /** The model does not tell its features, nor that they are hashed. */
    HIDES_FEATURES(
            "train_onDenseExamples_knowsTheirFeaturesAndOutputs",
            "hashing_keepsTheHashedNamesAndLearns",
            "hashing_readBackWithItsSalt_predictsTheSameBits"),

    /** The model does not tell what its scores are. */
    MISSTATES_PROBABILITIES("predict_ofProbabilities_staysWithinZeroAndOne"),

    /** The model throws when it is asked for reasons. */
    HAS_NO_REASONS("model_askedForReasons_givesSomeOrNone"),

    /** Scores are divided by the size of the values. */
    DIVIDES_BY_VALUES(
            "train_onZeroValuesOnly_isRejectedOrGivesFiniteAnswers", "predict_ofZeroValuesOnly_isRejectedOrFinite"),

    /** Scores are not numbers unless all features are there. */
    NEEDS_ALL_FEATURES(
            "predict_onSparseTestSet_isFinite", "train_onFeaturesOfMinimumCardinality_learnsFromThoseThatAreLeft"),

    /** Features that training had not are counted as used. */
    COUNTS_UNKNOWN_FEATURES("predict_ofFeatureThatTrainingHadNot_ignoresIt"),

    /** Scores change after a dozen answers. */
    WEARS_OUT("predict_again_givesTheSameBits", "predict_fromEightThreads_givesTheSameBits"),

    /** The model still looks at the examples that it was trained with. */
    WATCHES_TRAINING_SET("model_whenItsTrainingSetChanges_staysAsItIs"),

    /** The model hands out what it remembers, not copies. */
    REMEMBERS_ANSWERS("scores_whenTheCallerClearsThem_areAsBeforeInTheNextPrediction"),

    /** The model leaves a mark in the examples. */
    MARKS_PREDICTED_EXAMPLES("predict_leavesTheExamplesAsTheyWere"),

    /** In large batches scores are off by a thousandth. */
    DEPENDS_ON_BATCH("predict_inBatches_equalsOneByOne"),

    /** Predictions of a batch come last first. */
    REVERSES_BATCHES("predict_onTestSet_isFiniteAndInOrder", "predict_inBatches_equalsOneByOne"),

    /** A batch of nothing is refused. */
    REFUSES_NOTHING("predict_ofNothing_isNothing"),

    /** Invalid examples are left out of the answer. */
    SKIPS_INVALID_EXAMPLES(
            "predict_withoutFeatures_isRejected",
            "predict_withUnknownFeaturesOnly_isRejected",
            "predict_ofNaN_isRejected",
            "predict_ofInfinity_isRejected",
            "predict_ofManyWithOneInvalid_isRejected"),

    /** A refusal does not say what is wrong with the example. */
    REFUSES_WITHOUT_REASON("predict_withUnknownFeaturesOnly_saysWhichTheyAre"),

    /** Infinite features are predicted. */
    PREDICTS_INFINITY("predict_ofInfinity_isRejected"),

    /** A copy keeps the name of the original as its own, and renames it. */
    SHARES_NAME_WITH_COPIES("model_copied_predictsTheSameUnderItsOwnName"),

    /** A model that was read is a billionth off. */
    ROUNDS_WHEN_READ(
            "proto_passesTribuosOwnAssertions",
            "proto_readBack_predictsTheSameBits",
            "proto_readAndWrittenThrice_predictsTheSameBits",
            "file_readBack_predictsTheSameBits",
            "bagging_readBack_predictsTheSameBits",
            "hashing_readBackWithItsSalt_predictsTheSameBits",
            "transformation_learnsAndReadsBackTheSameBits"),

    /** A model that was written before has another form. */
    STAMPS_PROTO("proto_writtenAgain_isTheSame"),

    /** Where a model cannot be read, another one is returned. */
    READS_BROKEN_PROTO("proto_cutShort_isRejected"),

    /** Java cannot write the model. */
    REFUSES_JAVA_SERIALIZATION(
            "javaSerialization_passesTribuosOwnAssertions", "javaSerialization_readBack_predictsTheSameBits"),

    /** A model that was read has lost its name. */
    FORGETS_NAME_WHEN_READ("proto_readBack_predictsTheSameBits"),

    /** Every version is read as the current one. */
    READS_ANY_VERSION("proto_ofALaterVersion_isRejected");

    /** The names of the tests that must fail, and no others. */
    final Set<String> noticedBy;

    Fault(String... noticedBy) {
        this.noticedBy = Set.of(noticedBy);
    }
}
