# SPDX-License-Identifier: Apache-2.0
"""lora4j's stages of Spark ML for PySpark 4. Put lora-dl4j-spark and what it needs on the class path (--packages or --jars), and
this file beside your program.

    from lora4j_spark import LoraTextClassifier
    model = LoraTextClassifier(checkpoint="/models/minilm", labelCol="intent").fit(train)
    model.transform(test).select("text", "prediction").show()

Params have the names that LoraTextClassifier().explainParams() lists. Models are saved and loaded by save and load, also within a
Pipeline. Classic PySpark only; with Spark Connect the stages are found by META-INF/services on the server.
"""

from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import JavaMLReadable, JavaMLReader, JavaMLWritable
from pyspark.ml.wrapper import JavaEstimator, JavaModel, JavaTransformer

_PACKAGE = "org.lora4j.spark."

# How a param of Java is set from Python; any other is a text.
_CONVERTERS = {
    "IntParam": TypeConverters.toInt,
    "LongParam": TypeConverters.toInt,
    "DoubleParam": TypeConverters.toFloat,
    "BooleanParam": TypeConverters.toBoolean,
    "StringArrayParam": TypeConverters.toListString,
}


class _Reader(JavaMLReader):
    """PySpark looks for classes of Java below org.apache.spark only."""

    @classmethod
    def _java_loader_class(cls, clazz):
        return _PACKAGE + clazz.__name__


class _Stage(JavaMLReadable, JavaMLWritable):
    def _mirror(self):
        """Gives this stage the params of its stage of Java, with their defaults."""
        for java_param in self._java_obj.params():
            name = java_param.name()
            kind = java_param.getClass().getSimpleName()
            converter = _CONVERTERS.get(kind, TypeConverters.toString)
            setattr(self, name, Param(self, name, java_param.doc(), converter))
            if self._java_obj.hasDefault(java_param):
                value = self._java_obj.getOrDefault(java_param)
                value = list(value) if kind == "StringArrayParam" else value
                self._setDefault(**{name: value})
        self._params = None

    def set_params(self, **values):
        """Sets params by their names."""
        return self._set(**values)

    @classmethod
    def read(cls):
        return _Reader(cls)

    @classmethod
    def _from_java(cls, java_stage):
        """Makes the stage of Python for one of Java, as pipelines do when they are loaded."""
        kind = globals()[java_stage.getClass().getSimpleName()]
        stage = kind.__new__(kind)
        Params.__init__(stage)
        stage._java_obj = java_stage
        stage._resetUid(java_stage.uid())
        stage._mirror()
        stage._transfer_params_from_java()
        return stage


class _Estimator(_Stage, JavaEstimator):
    def __init__(self, **values):
        super().__init__()
        self._java_obj = self._new_java_obj(_PACKAGE + type(self).__name__, self.uid)
        self._mirror()
        self._set(**values)

    def _create_model(self, java_model):
        return _Stage._from_java.__func__(_Stage, java_model)


class _Model(_Stage, JavaModel):
    pass


class LoraTextClassifier(_Estimator):
    """Learns to tell the label of a text."""


class LoraTextClassificationModel(_Model):
    @property
    def labels(self):
        return list(self._java_obj.labels())


class LoraTextRegressor(_Estimator):
    """Learns to tell a number of a text."""


class LoraTextRegressionModel(_Model):
    pass


class LoraTokenClassifier(_Estimator):
    """Learns to tag words."""


class LoraTokenClassificationModel(_Model):
    @property
    def tags(self):
        return list(self._java_obj.tags())


class LoraSentenceEncoder(_Estimator):
    """Learns vectors of texts."""


class LoraSentenceEncoderModel(_Model):
    pass


class LoraClassifier(_Estimator):
    """Learns to tell the label of a vector."""


class LoraClassificationModel(_Model):
    @property
    def labels(self):
        return list(self._java_obj.labels())


class LoraRegressor(_Estimator):
    """Learns to tell a number of a vector."""


class LoraRegressionModel(_Model):
    pass


class _Transformer(_Stage, JavaTransformer):
    def __init__(self, **values):
        super().__init__()
        self._java_obj = self._new_java_obj(_PACKAGE + type(self).__name__, self.uid)
        self._mirror()
        self._set(**values)


class LoraTextGenerator(_Transformer):
    """Lets a language model go on with prompts."""


class LoraAdapterClassifier(_Transformer):
    """Tells the labels of texts by the adapter of each row."""
