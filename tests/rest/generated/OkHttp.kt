// As much of OkHttp 4 as the generated client is compiled with; nothing of it runs.
@file:Suppress("UNUSED_PARAMETER")

package okhttp3

import java.io.Closeable
import java.io.File
import java.io.InputStream

class MediaType {
    companion object {
        fun String.toMediaTypeOrNull(): MediaType? = TODO()
    }
}

class Headers {
    fun toMultimap(): Map<String, List<String>> = TODO()

    class Builder {
        fun add(name: String, value: String): Builder = TODO()
        fun build(): Headers = TODO()
    }

    companion object {
        fun Map<String, String>.toHeaders(): Headers = TODO()
    }
}

class RequestBody {
    companion object {
        fun ByteArray.toRequestBody(type: MediaType? = null): RequestBody = TODO()
        fun String.toRequestBody(type: MediaType? = null): RequestBody = TODO()
        fun File.asRequestBody(type: MediaType? = null): RequestBody = TODO()
    }
}

object FormBody {
    class Builder {
        fun add(name: String, value: String): Builder = TODO()
        fun build(): RequestBody = TODO()
    }
}

object MultipartBody {
    val FORM = MediaType()

    class Builder {
        fun setType(type: MediaType): Builder = TODO()
        fun addPart(headers: Headers, body: RequestBody): Builder = TODO()
        fun build(): RequestBody = TODO()
    }
}

class HttpUrl {
    val encodedPathSegments: List<String> = TODO()
    fun newBuilder(): Builder = TODO()

    class Builder {
        fun scheme(scheme: String): Builder = TODO()
        fun host(host: String): Builder = TODO()
        fun addPathSegment(segment: String): Builder = TODO()
        fun addEncodedPathSegments(path: String): Builder = TODO()
        fun addQueryParameter(name: String, value: String?): Builder = TODO()
        fun build(): HttpUrl = TODO()
    }

    companion object {
        fun String.toHttpUrlOrNull(): HttpUrl? = TODO()
    }
}

class Request {
    class Builder {
        fun url(url: HttpUrl): Builder = TODO()
        fun headers(headers: Headers): Builder = TODO()
        fun method(name: String, body: RequestBody?): Builder = TODO()
        fun head(): Builder = TODO()
        fun delete(body: RequestBody?): Builder = TODO()
        fun patch(body: RequestBody): Builder = TODO()
        fun put(body: RequestBody): Builder = TODO()
        fun post(body: RequestBody): Builder = TODO()
        fun build(): Request = TODO()
    }
}

class ResponseBody {
    fun string(): String = TODO()
    fun bytes(): ByteArray = TODO()
    fun byteStream(): InputStream = TODO()
}

class Response : Closeable {
    val code: Int = TODO()
    val message: String = TODO()
    val body: ResponseBody? = TODO()
    val headers: Headers = TODO()
    val isSuccessful: Boolean = TODO()
    fun header(name: String): String? = TODO()
    override fun close() {}
}

interface Callback

interface Call {
    fun execute(): Response

    interface Factory {
        fun newCall(request: Request): Call
    }
}

class OkHttpClient : Call.Factory {
    override fun newCall(request: Request): Call = TODO()

    class Builder {
        fun build(): OkHttpClient = TODO()
    }
}
