/** Exports, judged by those who read them: ONNX Runtime, LangChain4j, readers of other projects. */
package org.lora4j.integration.export;
