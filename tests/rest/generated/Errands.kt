// The errands of test_clients.py with the client that openapi-generator makes for Kotlin; they are compiled, and not run.
import java.io.File
import java.time.OffsetDateTime
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.openapitools.client.apis.EventsApi
import org.openapitools.client.apis.MessagesApi
import org.openapitools.client.apis.OAuth2Api
import org.openapitools.client.apis.SignInApi
import org.openapitools.client.apis.UsersApi
import org.openapitools.client.infrastructure.ApiClient
import org.openapitools.client.models.NewEvent
import org.openapitools.client.models.OauthPostTokenBody
import org.openapitools.client.models.PinAsked
import org.openapitools.client.models.Proof
import org.openapitools.client.models.TextToSend

fun main() {
    val given = Json.parseToJsonElement(System.getenv("ERRANDS")).jsonObject
    fun text(name: String) = given.getValue(name).jsonPrimitive.content
    val url = text("url")
    val picture = File(text("picture"))
    val contact = text("contact")

    val grant = OauthPostTokenBody(
        clientId = text("client_id"), grantType = OauthPostTokenBody.GrantType.password,
        username = text("username"), password = text("password"),
    )
    ApiClient.accessToken = OAuth2Api(url).oauthPostToken(grant).accessToken
    val messages = MessagesApi(url)
    for (number in 0..4) messages.messageSendText(TextToSend(message = "message $number", contact = contact, clientId = "kotlin $number"))
    val sent = messages.mediaMessageSendImage(contact = contact, caption = "Red", filename = picture)
    val read = mutableListOf<String?>()
    var before: String? = null
    while (true) {
        val page = messages.messageShowMessages(contact, limit = 2, before = before).messages
        if (page.isEmpty()) break
        read += page.reversed().map { it.text ?: it.caption }
        before = page.first().id
    }

    ApiClient.accessToken = null
    SignInApi(url).authPost(PinAsked(text("phone_number")))
    ApiClient.accessToken = SignInApi(url).authVerify(Proof(phoneNumber = text("phone_number"), pin = text("pin"))).authToken
    val events = EventsApi(url)
    val guests = given.getValue("guests").jsonArray.map { it.jsonPrimitive.content }
    val at = OffsetDateTime.parse("2031-05-02T20:30:00Z")
    val made = (1..2).map { events.eventPost(NewEvent(title = "For $it", eventDate = at, invitePhoneNumbers = guests.take(it))) }
    val titles = mutableListOf<String>()
    var page = 0
    do {
        val found = events.eventShowPage(page = ++page, perPage = 1)
        titles += found.results.map { it.title }
    } while (titles.size < found.count)
    val photo = UsersApi(url).avatarChange(picture).photo
    println(
        JsonObject(
            mapOf(
                "read" to JsonArray(read.map { JsonPrimitive(it) }),
                "url" to JsonPrimitive(sent.url.toString()),
                "invited" to JsonArray(made.map { JsonPrimitive(it.invitees.size) }),
                "at" to JsonPrimitive(made.first().eventDate.toString() + ":00"),
                "titles" to JsonArray(titles.sorted().map { JsonPrimitive(it) }),
                "photo" to JsonPrimitive(photo.toString()),
            ),
        ),
    )
}
